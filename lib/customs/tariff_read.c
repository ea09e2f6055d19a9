/* See tariff_read.h. */
#include "customs/tariff_read.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "io/json.h"
#include "io/rfc4180.h"

enum { LIMIT_LEVELS = 16, LIMIT_JSON_NODES = 4000000, FIRST_CAP = 4096, CODE_CHARS = 32, PLACE_BYTES = 64 };

#define SEPARATOR " > "

/* ---- one row ---- */

static bool refuse(gl_err *err, const char *place, const char *what)
{
    return gl_fail(err, GL_FATAL, "tariff-invalid", "%s: %s", place, what);
}

/* Its digits, without dots and spaces; SIZE_MAX: that is no code. */
static size_t read_code(gl_str text, char code[GL_TARIFF_CODE_DIGITS + 1])
{
    size_t digits = 0;

    if (text.len > CODE_CHARS)
        return SIZE_MAX;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '.' || c == ' ')
            continue;
        if (c < '0' || c > '9' || digits == GL_TARIFF_CODE_DIGITS)
            return SIZE_MAX;
        code[digits++] = c;
    }
    code[digits] = '\0';
    return digits % 2 == 0 ? digits : SIZE_MAX;
}

static gl_str copy(gl_arena *arena, gl_str text)
{
    return (gl_str){gl_arena_dup(arena, text.ptr == NULL ? "" : text.ptr, text.len), text.len};
}

/* `text` is put together in memory of the caller or points into the file. */
static bool add_row(gl_tariff_rows *rows, gl_str code, gl_str text, gl_str rate, const char *place, gl_err *err)
{
    gl_tariff_line line = {.text = gl_str_trim(text), .rate = gl_str_trim(rate)};
    size_t digits = read_code(code, line.code);

    rows->counts.rows++;
    if (digits == SIZE_MAX)
        return refuse(err, place, "the code is not one of 2 to 10 digits, two by two");
    if (line.text.len == 0)
        return refuse(err, place, "there is no description");
    if (line.text.len > GL_TARIFF_LIMIT_TEXT_BYTES || line.rate.len > GL_TARIFF_LIMIT_TEXT_BYTES)
        return refuse(err, place, "the description or the rate has more than 16 KiB");
    if (digits < GL_TARIFF_SUBHEADING_DIGITS) {
        rows->counts.headings++;
        return true;
    }
    if (rows->count == GL_TARIFF_LIMIT_LINES)
        return gl_fail(err, GL_FATAL, "tariff-too-large", "%s: more than %d lines", place, GL_TARIFF_LIMIT_LINES);
    if (rows->count == rows->cap) {
        rows->cap = rows->cap == 0 ? FIRST_CAP : 2 * rows->cap;
        rows->at = realloc(rows->at, rows->cap * sizeof *rows->at);
        if (rows->at == NULL)
            abort();
    }
    line.digits = (uint8_t)digits;
    line.text = copy(rows->arena, line.text);
    line.rate = copy(rows->arena, line.rate);
    rows->at[rows->count++] = line;
    return true;
}

/* ---- CSV ---- */

typedef struct csv_names {
    const char *code, *description, *rate;
    bool rate_required;
} csv_names;

typedef struct csv_columns {
    size_t code, description, rate; /* SIZE_MAX: there is none */
} csv_columns;

static size_t column_of(const gl_csv_row *row, const char *name)
{
    for (size_t i = 0; i < row->count; i++)
        if (gl_str_eqz(gl_str_trim(row->cells[i]), name))
            return i;
    return SIZE_MAX;
}

static bool read_header(const gl_csv_row *row, const csv_names *names, csv_columns *columns, gl_err *err)
{
    const struct {
        const char *name;
        size_t *column;
        bool required;
    } wanted[] = {{names->code, &columns->code, true},
                  {names->description, &columns->description, true},
                  {names->rate, &columns->rate, names->rate_required}};

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        *wanted[i].column = column_of(row, wanted[i].name);
        if (*wanted[i].column == SIZE_MAX && wanted[i].required)
            return gl_fail(err, GL_FATAL, "tariff-invalid", "row 1: there is no column \"%s\"", wanted[i].name);
    }
    return true;
}

static gl_str cell(const gl_csv_row *row, size_t column)
{
    return column < row->count ? row->cells[column] : (gl_str){"", 0};
}

static bool read_csv_rows(gl_tariff_rows *rows, const csv_names *names, gl_csv *csv, gl_csv_row *row, gl_arena *arena,
                          gl_err *err)
{
    csv_columns columns = {0, 0, 0};
    char place[PLACE_BYTES];

    for (bool header = true; gl_csv_next(csv, arena, row); header = false) {
        snprintf(place, sizeof place, "row %lld", (long long)row->row);
        if (row->error != NULL)
            return refuse(err, place, row->reason);
        if (header ? !read_header(row, names, &columns, err)
                   : !add_row(rows, cell(row, columns.code), cell(row, columns.description), cell(row, columns.rate),
                              place, err))
            return false;
        gl_arena_reset(arena);
    }
    return true;
}

static bool read_csv(gl_tariff_rows *rows, const csv_names *names, gl_str bytes, gl_err *err)
{
    gl_csv csv;
    gl_csv_row *row = malloc(sizeof *row);
    gl_arena *arena = gl_arena_new(0);

    if (row == NULL)
        abort();
    gl_csv_begin(&csv, bytes, ',', false);
    bool good = read_csv_rows(rows, names, &csv, row, arena, err);
    gl_arena_destroy(arena);
    free(row);
    return good;
}

/* ---- JSON of the US schedule ---- */

/* Levels come as " — " there. */
static void put_levels(gl_buf *out, gl_str text)
{
    static const gl_str dash = {" \xE2\x80\x94 ", 5};

    while (text.len > 0) {
        bool level = gl_str_starts(text, dash);
        size_t used = level ? dash.len : 1;
        gl_buf_str(out, level ? GL_STR(SEPARATOR) : (gl_str){text.ptr, 1});
        text = (gl_str){text.ptr + used, text.len - used};
    }
}

static bool read_lines_by_code(gl_tariff_rows *rows, const gl_json *root, gl_err *err)
{
    gl_buf text = {0};
    char place[PLACE_BYTES];
    bool good = true;

    for (size_t i = 0; good && i < root->count; i++) {
        const gl_json *line = root->items[i];
        text.len = 0;
        snprintf(place, sizeof place, "\"%.*s\"", (int)(root->keys[i].len < 20 ? root->keys[i].len : 20),
                 root->keys[i].ptr);
        put_levels(&text, gl_json_text(line, "description"));
        good = line->type == GL_JSON_OBJECT ? add_row(rows, gl_json_text(line, "code"), gl_buf_view(&text),
                                                      gl_json_text(line, "general_raw"), place, err)
                                            : refuse(err, place, "a line is an object");
    }
    gl_buf_free(&text);
    return good;
}

/* The number in a text ("2"), as the export has it. */
static bool read_indent(const gl_json *row, size_t *indent)
{
    const gl_json *node = gl_json_get(row, "indent");
    uint64_t value;

    if (node == NULL || (node->type != GL_JSON_STRING && node->type != GL_JSON_NUMBER) ||
        !gl_str_to_u64(node->text, LIMIT_LEVELS - 1, &value))
        return false;
    *indent = (size_t)value;
    return true;
}

/* Without the colon that says that more follows. */
static gl_str level_text(const gl_json *row)
{
    gl_str text = gl_str_trim(gl_json_text(row, "description"));

    while (text.len > 0 && text.ptr[text.len - 1] == ':')
        text.len--;
    return gl_str_trim(text);
}

/* `levels`: the texts that the row stands under; its own is put there at its indent. */
static bool read_exported_row(gl_tariff_rows *rows, const gl_json *row, size_t index, gl_str levels[LIMIT_LEVELS],
                              size_t *depth, gl_buf *text, gl_err *err)
{
    char place[PLACE_BYTES];
    size_t indent = 0;

    snprintf(place, sizeof place, "row %zu", index + 1);
    if (!read_indent(row, &indent))
        return refuse(err, place, "\"indent\" is not a number from 0 to 15");
    for (; *depth < indent; ++*depth)
        levels[*depth] = (gl_str){NULL, 0}; /* a level that no row is of */
    levels[indent] = level_text(row);
    *depth = indent + 1;
    text->len = 0;
    for (size_t i = 0; i <= indent; i++) {
        if (text->len > 0 && levels[i].len > 0)
            gl_buf_text(text, SEPARATOR);
        gl_buf_str(text, levels[i]);
        if (text->len > GL_TARIFF_LIMIT_TEXT_BYTES)
            return refuse(err, place, "the description has more than 16 KiB");
    }
    if (levels[indent].len == 0)
        text->len = 0; /* none of its own */
    return add_row(rows, gl_json_text(row, "htsno"), gl_buf_view(text), gl_json_text(row, "general"), place, err);
}

static bool read_export(gl_tariff_rows *rows, const gl_json *root, gl_err *err)
{
    gl_str levels[LIMIT_LEVELS];
    gl_buf text = {0};
    size_t depth = 0;
    bool good = true;

    for (size_t i = 0; good && i < root->count; i++)
        good = read_exported_row(rows, root->items[i], i, levels, &depth, &text, err);
    gl_buf_free(&text);
    return good;
}

static bool read_hts(gl_tariff_rows *rows, gl_str bytes, gl_err *err)
{
    gl_arena *arena = gl_arena_new(0);
    gl_err why = {0};
    const gl_json *root = gl_json_parse(arena, bytes, GL_TARIFF_LIMIT_BYTES, LIMIT_JSON_NODES, &why);
    bool good = false;

    if (root == NULL)
        gl_fail(err, GL_FATAL, "tariff-invalid", "%s", why.message);
    else if (root->type == GL_JSON_ARRAY)
        good = read_export(rows, root, err);
    else if (root->type == GL_JSON_OBJECT)
        good = read_lines_by_code(rows, root, err);
    else
        gl_fail(err, GL_FATAL, "tariff-invalid", "neither a list of rows nor an object of lines");
    gl_arena_destroy(arena);
    return good;
}

bool gl_tariff_read(gl_tariff_rows *rows, gl_tariff_format format, gl_str bytes, gl_err *err)
{
    static const csv_names names[GL_TARIFF_FORMATS] = {
        [GL_TARIFF_CSV] = {"code", "description", "rate", false},
        [GL_TARIFF_UK_GLOBAL] = {"commodity", "description", "ukgt_duty_rate", true},
        [GL_TARIFF_UK_GLOBAL_CET] = {"commodity", "description", "cet_duty_rate", true},
    };
    return format == GL_TARIFF_US_HTS ? read_hts(rows, bytes, err) : read_csv(rows, &names[format], bytes, err);
}
