/* See workbook.h. */
#include "ingest/formats/xlsx/workbook.h"

#include <stdio.h>

#include "ingest/formats/xlsx/number.h"
#include "ingest/formats/xlsx/sheet.h"
#include "ingest/formats/xml/xml_walk.h"

enum { PATH_BYTES = 512, STYLES_LIMIT = 65536, FORMATS_LIMIT = 1024 /* each style looks through them */ };

typedef struct sheet {
    gl_str name, relation;
    bool hidden;
    const char *path; /* of its part in the archive; NULL: it is no worksheet */
} sheet;

typedef struct format {
    uint64_t id;
    gl_number_style style;
} format;

typedef struct workbook {
    gl_arena *arena;
    gl_zip *zip;
    gl_unpack_room *room;
    gl_buf *out;
    gl_err *err;
    bool since_1904;
    sheet sheets[GL_WORKBOOK_LIMIT_SHEETS];
    size_t sheet_count;
    const char *strings_path, *styles_path;
    gl_buf formats; /* of format */
    gl_buf styles;  /* of gl_number_style: by a cell's `s` */
    gl_buf strings; /* texts of the shared strings, one behind the other */
    gl_buf ends;    /* of size_t: where each ends */
    /* The part that is read. */
    gl_xml_walk *walk;
    int depth;
    int inside; /* depth of the element that what counts is in; 0: not there */
    bool failed;
} workbook;

static bool damaged(workbook *book, const char *what)
{
    book->failed = true;
    return gl_fail(book->err, GL_DEAD_LETTER, "intake-damaged", "%s", what);
}

/* The same while a part is walked through. */
static void stop(workbook *book, const char *what)
{
    damaged(book, what);
    gl_xml_stop(book->walk, book->err->code, what);
}

/* Of what is kept: shared strings, and the rows, which may be much of few strings. */
static void take_room(workbook *book, size_t more)
{
    if (gl_unpack_take(book->room, more, book->err))
        return;
    book->failed = true;
    gl_xml_stop(book->walk, book->err->code, "too much");
}

static gl_str keep(workbook *book, gl_str text)
{
    return (gl_str){gl_arena_strndup(book->arena, text.ptr, text.len), text.len};
}

static bool feed(void *walk, gl_str piece)
{
    return gl_xml_walk_feed(walk, piece);
}

/* Walks through a part of the archive as it is unpacked. */
static bool read_part(workbook *book, const char *path, const gl_xml_handler *handler, void *context)
{
    gl_xml_problem problem;
    gl_err why = {0};
    size_t index = gl_zip_find(book->zip, path);
    book->depth = book->inside = 0;
    if (index == SIZE_MAX) {
        damaged(book, "it is not in the archive");
        return gl_fail_context(book->err, "%s", path);
    }
    gl_xml_walk *walk = gl_xml_walk_begin(handler, context, &problem);
    bool read = gl_zip_pass(book->zip, index, book->room, feed, walk, &why);
    bool good = gl_xml_walk_end(walk) && read;
    if (!good && !book->failed && why.code != NULL)
        *book->err = why;
    else if (!good && !book->failed)
        gl_fail(book->err, GL_DEAD_LETTER, "intake-damaged", "%s (line %d, column %d)", problem.text, problem.line,
                problem.column);
    return good || gl_fail_context(book->err, "%s", path);
}

static bool is_true(gl_str value)
{
    return gl_str_eqz(value, "1") || gl_str_eqz(value, "true") || gl_str_eqz(value, "on");
}

static void end_nothing(gl_xml_walk *walk, void *context)
{
    (void)walk, (void)context;
}

static void no_text(gl_xml_walk *walk, void *context, gl_str text)
{
    (void)walk, (void)context, (void)text;
}

/* ---- xl/workbook.xml ---- */

static void add_sheet(workbook *book, const gl_xml_tag *tag)
{
    gl_str name = gl_xml_attribute(tag, "name"), relation = gl_xml_attribute(tag, "id");
    gl_str state = gl_xml_attribute(tag, "state");
    if (name.len == 0 || relation.len == 0)
        stop(book, "a sheet has no name or no part");
    else if (book->sheet_count == GL_WORKBOOK_LIMIT_SHEETS)
        stop(book, "it has more than 256 sheets");
    else
        book->sheets[book->sheet_count++] =
            (sheet){.name = keep(book, name),
                    .relation = keep(book, relation),
                    .hidden = gl_str_eqz(state, "hidden") || gl_str_eqz(state, "veryHidden")};
}

static void start_in_book(gl_xml_walk *walk, void *context, const gl_xml_tag *tag)
{
    workbook *book = context;
    book->walk = walk;
    if (gl_str_eqz(tag->name, "sheet"))
        add_sheet(book, tag);
    else if (gl_str_eqz(tag->name, "workbookPr"))
        book->since_1904 = is_true(gl_xml_attribute(tag, "date1904"));
}

/* ---- xl/_rels/workbook.xml.rels ---- */

static bool ends_with(gl_str text, const char *ending)
{
    size_t len = strlen(ending);
    return text.len >= len && memcmp(text.ptr + text.len - len, ending, len) == 0;
}

/* A target is in xl/, unless it begins with a slash. */
static const char *path_of(workbook *book, gl_str target)
{
    bool absolute = target.len > 0 && target.ptr[0] == '/';
    if (target.len == 0 || target.len > PATH_BYTES)
        return NULL;
    return gl_arena_printf(book->arena, "%s%.*s", absolute ? "" : "xl/", (int)(target.len - absolute),
                           target.ptr + absolute);
}

static void start_relation(gl_xml_walk *walk, void *context, const gl_xml_tag *tag)
{
    workbook *book = context;
    gl_str id = gl_xml_attribute(tag, "Id"), type = gl_xml_attribute(tag, "Type");
    book->walk = walk;
    if (!gl_str_eqz(tag->name, "Relationship") || gl_str_eqz(gl_xml_attribute(tag, "TargetMode"), "External"))
        return;
    const char *path = path_of(book, gl_xml_attribute(tag, "Target"));
    if (ends_with(type, "/sharedStrings"))
        book->strings_path = path;
    else if (ends_with(type, "/styles"))
        book->styles_path = path;
    for (size_t i = 0; ends_with(type, "/worksheet") && i < book->sheet_count; i++)
        if (gl_str_eq(book->sheets[i].relation, id))
            book->sheets[i].path = path;
}

/* ---- xl/styles.xml ---- */

static uint64_t number_of(const gl_xml_tag *tag, const char *attribute, uint64_t otherwise)
{
    uint64_t value = otherwise;
    return gl_str_to_u64(gl_xml_attribute(tag, attribute), UINT32_MAX, &value) ? value : otherwise;
}

static gl_number_style style_of(const workbook *book, uint64_t id)
{
    const format *formats = (const format *)(const void *)book->formats.data;
    for (size_t i = 0; i < book->formats.len / sizeof *formats; i++)
        if (formats[i].id == id)
            return formats[i].style;
    return gl_number_style_built_in((unsigned)id);
}

static void start_style(gl_xml_walk *walk, void *context, const gl_xml_tag *tag)
{
    workbook *book = context;
    book->walk = walk;
    book->depth++;
    if (gl_str_eqz(tag->name, "numFmt")) {
        format one = {number_of(tag, "numFmtId", 0), gl_number_style_of(gl_xml_attribute(tag, "formatCode"))};
        gl_buf_bytes(&book->formats, &one, sizeof one);
    } else if (gl_str_eqz(tag->name, "cellXfs")) {
        book->inside = book->depth;
    } else if (gl_str_eqz(tag->name, "xf") && book->inside == book->depth - 1 && book->inside > 0) {
        gl_number_style style = style_of(book, number_of(tag, "numFmtId", 0));
        gl_buf_bytes(&book->styles, &style, sizeof style);
    }
    if (book->formats.len > FORMATS_LIMIT * sizeof(format) || book->styles.len > STYLES_LIMIT * sizeof(gl_number_style))
        stop(book, "it has more than 65536 styles, or 1024 formats of numbers");
}

static void end_style(gl_xml_walk *walk, void *context)
{
    workbook *book = context;
    (void)walk;
    book->inside = book->depth == book->inside ? 0 : book->inside;
    book->depth--;
}

/* ---- texts: <t>, in runs or not, but not how it is pronounced ---- */

typedef struct text_walk {
    int phonetic; /* depth of <rPh>; 0: not in it */
    int t;        /* depth of <t>; 0: not in it */
} text_walk;

static void start_text(text_walk *at, int depth, gl_str name)
{
    if (gl_str_eqz(name, "rPh"))
        at->phonetic = depth;
    else if (gl_str_eqz(name, "t") && at->phonetic == 0)
        at->t = depth;
}

static void end_text(text_walk *at, int depth)
{
    at->phonetic = at->phonetic == depth ? 0 : at->phonetic;
    at->t = at->t == depth ? 0 : at->t;
}

typedef struct strings_walk {
    workbook *book;
    text_walk text;
} strings_walk;

static void start_string(gl_xml_walk *walk, void *context, const gl_xml_tag *tag)
{
    strings_walk *at = context;
    at->book->walk = walk;
    start_text(&at->text, ++at->book->depth, tag->name);
}

static void end_string(gl_xml_walk *walk, void *context)
{
    strings_walk *at = context;
    workbook *book = at->book;
    (void)walk;
    end_text(&at->text, book->depth);
    if (book->depth-- != 2) /* <si> */
        return;
    gl_buf_bytes(&book->ends, &book->strings.len, sizeof book->strings.len);
    take_room(book, sizeof book->strings.len);
}

static void string_text(gl_xml_walk *walk, void *context, gl_str text)
{
    strings_walk *at = context;
    (void)walk;
    if (at->text.t == 0)
        return;
    gl_buf_str(&at->book->strings, text);
    take_room(at->book, text.len);
}

static bool shared_string(const workbook *book, gl_str index, gl_str *text)
{
    uint64_t i = 0;
    const size_t *ends = (const size_t *)(const void *)book->ends.data;
    size_t count = book->ends.len / sizeof *ends;
    if (!gl_str_to_u64(gl_str_trim(index), UINT32_MAX, &i) || i >= count)
        return false;
    size_t begin = i == 0 ? 0 : ends[i - 1];
    *text = ends[i] == begin ? GL_STR("") : (gl_str){(const char *)book->strings.data + begin, ends[i] - begin};
    return true;
}

/* ---- a sheet ---- */

typedef struct rows_walk {
    workbook *book;
    int64_t row;
    size_t column;
    bool put_row; /* the row has a cell */
    size_t taken; /* of what was put, counted against the room */
    /* The cell. */
    int row_depth, cell_depth, value; /* depths of <row>, <c>, <v>; 0: not in it */
    text_walk text;                   /* of <is> */
    bool formula;
    char type[12];
    gl_number_style style;
    gl_buf content, shown;
} rows_walk;

/* "BC5" */
static bool reference(gl_str text, size_t *column, uint64_t *row)
{
    size_t i = 0;
    *column = 0;
    for (; i < text.len && text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' && i < 3; i++)
        *column = 26 * *column + (size_t)(text.ptr[i] - 'A') + 1;
    return i > 0 && *column <= GL_WORKBOOK_LIMIT_COLUMNS &&
           gl_str_to_u64((gl_str){text.ptr + i, text.len - i}, GL_WORKBOOK_LIMIT_ROWS, row) && *row > 0;
}

static void start_row(rows_walk *at, const gl_xml_tag *tag)
{
    gl_str given = gl_xml_attribute(tag, "r");
    uint64_t row = (uint64_t)at->row + 1;
    if ((given.ptr != NULL && !gl_str_to_u64(given, GL_WORKBOOK_LIMIT_ROWS, &row)) || (int64_t)row <= at->row ||
        row > GL_WORKBOOK_LIMIT_ROWS) {
        stop(at->book, "the numbers of its rows are not what they should be");
        return;
    }
    at->row = (int64_t)row;
    at->row_depth = at->book->depth;
    at->column = 0;
    at->put_row = false;
}

static void start_cell(rows_walk *at, const gl_xml_tag *tag)
{
    gl_str given = gl_xml_attribute(tag, "r"), type = gl_xml_attribute(tag, "t");
    size_t column = at->column + 1, style = number_of(tag, "s", 0);
    uint64_t row = (uint64_t)at->row;
    if ((given.ptr != NULL && !reference(given, &column, &row)) || column <= at->column || (int64_t)row != at->row ||
        column > GL_WORKBOOK_LIMIT_COLUMNS) {
        stop(at->book, "the places of its cells are not what they should be");
        return;
    }
    at->column = column;
    at->cell_depth = at->book->depth;
    at->formula = false;
    at->content.len = 0;
    snprintf(at->type, sizeof at->type, "%.*s", (int)(type.len < 11 ? type.len : 11), type.len == 0 ? "" : type.ptr);
    const gl_number_style *styles = (const gl_number_style *)(const void *)at->book->styles.data;
    at->style = style < at->book->styles.len / sizeof *styles ? styles[style] : (gl_number_style){GL_NUMBER_PLAIN, 0};
}

static void start_in_sheet(gl_xml_walk *walk, void *context, const gl_xml_tag *tag)
{
    rows_walk *at = context;
    workbook *book = at->book;
    book->walk = walk;
    book->depth++;
    if (gl_str_eqz(tag->name, "sheetData") && book->depth == 2)
        book->inside = book->depth;
    else if (book->inside == 2 && book->depth == 3 && gl_str_eqz(tag->name, "row"))
        start_row(at, tag);
    else if (at->row_depth > 0 && book->depth == 4 && gl_str_eqz(tag->name, "c"))
        start_cell(at, tag);
    else if (at->cell_depth > 0 && book->depth == 5 && gl_str_eqz(tag->name, "v"))
        at->value = book->depth;
    else if (at->cell_depth > 0 && book->depth == 5 && gl_str_eqz(tag->name, "f"))
        at->formula = true;
    else if (at->cell_depth > 0)
        start_text(&at->text, book->depth, tag->name);
}

static void sheet_text(gl_xml_walk *walk, void *context, gl_str text)
{
    rows_walk *at = context;
    (void)walk;
    /* Of what is too long no more than shows that it is. */
    if ((at->value > 0 || at->text.t > 0) && at->content.len <= GL_CSV_LIMIT_CELL_BYTES)
        gl_buf_str(&at->content, text);
}

/* What the cell shows, and what that is; false: the workbook is wrong. */
static bool show_cell(rows_walk *at, gl_str content, gl_cell_kind *kind, gl_str *shown)
{
    *kind = GL_CELL_TEXT;
    *shown = content;
    if (strcmp(at->type, "s") == 0)
        return shared_string(at->book, content, shown);
    if (strcmp(at->type, "str") == 0 || strcmp(at->type, "inlineStr") == 0)
        return true;
    if (strcmp(at->type, "b") == 0) {
        *kind = GL_CELL_BOOLEAN;
        *shown = is_true(gl_str_trim(content)) ? GL_STR("true") : GL_STR("false");
        return true;
    }
    if (strcmp(at->type, "e") == 0 || strcmp(at->type, "d") == 0) {
        *kind = at->type[0] == 'e' ? GL_CELL_ERROR : GL_CELL_DATE;
        return true;
    }
    at->shown.len = 0;
    *kind = gl_number_put(&at->shown, gl_str_trim(content), at->style, at->book->since_1904) ? GL_CELL_DATE
                                                                                             : GL_CELL_NUMBER;
    *shown = gl_buf_view(&at->shown);
    return true;
}

/* A cell that is blank is not there, unless its formula says that it should not be. */
static void end_cell(rows_walk *at)
{
    workbook *book = at->book;
    gl_cell_kind kind = GL_CELL_TEXT;
    gl_str shown = GL_STR("");
    if (at->content.len > 0 && !show_cell(at, gl_buf_view(&at->content), &kind, &shown)) {
        stop(book, "a cell's text is not among the shared strings");
        return;
    }
    if (at->content.len == 0 && at->formula && strcmp(at->type, "str") != 0)
        kind = GL_CELL_FORMULA;
    if (kind != GL_CELL_FORMULA && gl_str_trim(shown).len == 0)
        return;
    if (!at->put_row)
        gl_sheet_put_row(book->out, at->row);
    at->put_row = true;
    gl_sheet_put_cell(book->out, kind, at->column, shown);
    take_room(book, book->out->len - at->taken);
    at->taken = book->out->len;
}

static void end_row(const rows_walk *at)
{
    if (at->put_row)
        gl_sheet_put_end(at->book->out);
}

static void end_in_sheet(gl_xml_walk *walk, void *context)
{
    rows_walk *at = context;
    int depth = at->book->depth--;
    at->book->walk = walk;
    end_text(&at->text, depth);
    if (depth == at->value) {
        at->value = 0;
    } else if (depth == at->cell_depth) {
        at->cell_depth = 0;
        end_cell(at);
    } else if (depth == at->row_depth) {
        at->row_depth = 0;
        end_row(at);
    } else if (depth == at->book->inside) {
        at->book->inside = 0;
    }
}

static bool read_sheet(workbook *book, const sheet *from)
{
    static const gl_xml_handler handler = {start_in_sheet, end_in_sheet, sheet_text};
    if (from->path == NULL) /* a chart, a dialog */
        return true;
    gl_sheet_put_name(book->out, from->name, from->hidden);
    rows_walk at = {.book = book, .taken = book->out->len};
    bool good = read_part(book, from->path, &handler, &at);
    gl_buf_free(&at.content);
    gl_buf_free(&at.shown);
    return good;
}

/* ---- all ---- */

static bool read_parts(workbook *book)
{
    static const gl_xml_handler in_book = {start_in_book, end_nothing, no_text},
                                relations = {start_relation, end_nothing, no_text},
                                styles = {start_style, end_style, no_text},
                                strings = {start_string, end_string, string_text};
    strings_walk texts = {.book = book};
    if (!read_part(book, "xl/workbook.xml", &in_book, book) ||
        !read_part(book, "xl/_rels/workbook.xml.rels", &relations, book) ||
        (book->styles_path != NULL && !read_part(book, book->styles_path, &styles, book)) ||
        (book->strings_path != NULL && !read_part(book, book->strings_path, &strings, &texts)))
        return false;
    for (size_t i = 0; i < book->sheet_count; i++)
        if (!read_sheet(book, &book->sheets[i]))
            return false;
    return true;
}

bool gl_is_workbook(gl_str bytes)
{
    gl_zip *zip = gl_is_zip(bytes) ? gl_zip_open(bytes, NULL) : NULL;
    bool is = zip != NULL && gl_zip_find(zip, "[Content_Types].xml") != SIZE_MAX &&
              gl_zip_find(zip, "xl/workbook.xml") != SIZE_MAX;
    if (zip != NULL)
        gl_zip_close(zip);
    return is;
}

bool gl_workbook_read(gl_str bytes, gl_unpack_room *room, gl_buf *out, gl_err *err)
{
    gl_zip *zip = gl_zip_open(bytes, err);
    if (zip == NULL)
        return false;
    gl_arena *arena = gl_arena_new(0);
    workbook *book = GL_NEW(arena, workbook);
    *book = (workbook){.arena = arena, .zip = zip, .room = room, .out = out, .err = err};
    size_t begin = out->len;
    bool good = read_parts(book);
    if (good && out->len == begin)
        good = gl_fail(err, GL_DEAD_LETTER, "intake-damaged", "the workbook has no sheet of cells");
    gl_buf_free(&book->formats);
    gl_buf_free(&book->styles);
    gl_buf_free(&book->strings);
    gl_buf_free(&book->ends);
    gl_arena_destroy(arena);
    gl_zip_close(zip);
    return good;
}
