/* CSV files and sheets of workbooks by a mapping: a row, or adjacent rows with the same LRN, make one declaration
 * (docs/FORMATS.md).
 *
 * The header is read first: a mapped column that is missing, a column that is neither mapped nor ignored, and a column
 * that is there twice refuse the file with all of them listed. An empty cell is a value that is not given.
 * Pointers are those of RFC 7111: "cell=5,13" is the 13th cell of the 5th row, and the header is row 1; in a workbook
 * "sheet=Parcels;cell=M5", as a spreadsheet shows it.
 */
#include "base/yaml.h"
#include "ingest/formats/csv/mapping.h"
#include "ingest/formats/impl.h"
#include "ingest/formats/xlsx/sheet.h"
#include "io/rfc4180.h"

/* A place of the file. */
typedef struct cell {
    int64_t row;
    size_t column; /* from 1; 0: the whole row */
    gl_cell_kind kind;
    gl_str text; /* trimmed; of an error nothing */
    gl_str raw;
} cell;

typedef struct csv_state {
    gl_csv csv;
    bool (*next_row)(gl_csv *csv, gl_arena *arena, gl_csv_row *row);
    gl_str sheet;    /* its name; {NULL, 0}: a CSV file */
    gl_arena *arena; /* the reader's */
    const gl_mapping *mapping;
    size_t columns[GL_MAPPING_LIMIT_COLUMNS]; /* of the file, from 1, for each mapped column; 0: not there */
    size_t width;                             /* cells of the header */
    gl_csv_row row;                           /* read last */
    bool header_refused;
    /* Of a resumed file: where it was resumed (0: not), and the rows before, counted when the first error needs them
     * (-1: not yet), so that going on costs nothing that grows with what was read before. */
    size_t resumed_at;
    int64_t *rows_before;
    cell *cells;           /* of the declaration's first row, for each mapped column */
    size_t lrn_columns[8]; /* indices of mapping->columns */
} csv_state;

static int64_t rows_before(const csv_state *state)
{
    if (*state->rows_before >= 0)
        return *state->rows_before;
    gl_arena *scratch = gl_arena_new(0);
    gl_csv_row *row = GL_NEW(state->arena, gl_csv_row);
    gl_csv csv;
    gl_csv_begin(&csv, state->csv.bytes, state->mapping->delimiter, state->mapping->latin1);
    while (csv.offset < state->resumed_at && gl_csv_next(&csv, scratch, row))
        gl_arena_reset(scratch);
    gl_arena_destroy(scratch);
    *state->rows_before = csv.row;
    return csv.row;
}

static gl_str sheet_pointer(gl_arena *arena, gl_str sheet, const cell *c)
{
    gl_buf pointer = gl_buf_in(arena);
    gl_buf_text(&pointer, "sheet=");
    gl_pointer_name(&pointer, sheet);
    gl_buf_text(&pointer, c->column == 0 ? ";row=" : ";cell=");
    gl_sheet_put_column(&pointer, c->column);
    gl_buf_int(&pointer, c->row);
    return gl_buf_view(&pointer);
}

static gl_str csv_pointer(const void *source, gl_arena *arena, const void *node)
{
    const cell *c = node;
    const csv_state *state = source;
    long long row = (long long)(rows_before(source) + c->row);
    if (state->sheet.ptr != NULL)
        return sheet_pointer(arena, state->sheet, c);
    if (c->column == 0)
        return gl_str_of(gl_arena_printf(arena, "row=%lld", row));
    return gl_str_of(gl_arena_printf(arena, "cell=%lld,%zu", row, c->column));
}

static gl_str csv_value(const void *source, gl_arena *arena, const void *node)
{
    (void)source;
    (void)arena;
    const cell *c = node;
    return c->column == 0 ? (gl_str){NULL, 0} : c->raw.ptr == NULL ? GL_STR("") : c->raw;
}

/* Where a value that is not given would stand. */
static const void *csv_place(const void *source, gl_str field)
{
    const csv_state *state = source;
    const gl_mapping *m = state->mapping;
    if (state->cells == NULL)
        return NULL;
    if (gl_str_eqz(field, "functional_reference_id"))
        return &state->cells[state->lrn_columns[0]];
    for (size_t i = 0; i < m->column_count; i++)
        for (size_t t = 0; t < m->columns[i].target_count && state->columns[i] > 0; t++)
            if (gl_str_eq(m->columns[i].targets[t].field_path, field))
                return &state->cells[i];
    return NULL;
}

static const gl_locator csv_locator = {csv_pointer, csv_value, csv_place};

static cell *row_node(gl_arena *arena, int64_t row)
{
    cell *node = GL_NEW(arena, cell);
    node->row = row;
    return node;
}

/* --- header --- */

static const gl_column *mapped(const gl_mapping *mapping, gl_str name, size_t *index)
{
    for (size_t i = 0; i < mapping->column_count; i++)
        if (gl_str_eq(mapping->columns[i].name, name)) {
            *index = i;
            return &mapping->columns[i];
        }
    return NULL;
}

static bool ignored(const gl_mapping *mapping, gl_str name)
{
    for (size_t i = 0; i < mapping->ignored_count; i++)
        if (gl_str_eq(mapping->ignored[i], name))
            return true;
    return false;
}

static const char *nearest_column(const gl_report *report, gl_arena *arena, const gl_mapping *mapping, gl_str name)
{
    const char **names = GL_NEW_N(arena, const char *, mapping->column_count + 1), *near = NULL;
    if (gl_report_wants_hint(report)) {
        for (size_t i = 0; i < mapping->column_count; i++)
            names[i] = gl_arena_strndup(arena, mapping->columns[i].name.ptr, mapping->columns[i].name.len);
        near = gl_nearest_name(name, names);
    }
    return near == NULL ? "list it under \"ignore:\" in the mapping, or map it"
                        : gl_arena_printf(arena, "did you mean \"%s\"?", near);
}

/* A sheet has no cells where nothing is; there are as many as the header has. */
static bool next_row(csv_state *state, gl_arena *arena)
{
    gl_csv_row *row = &state->row;
    if (!state->next_row(&state->csv, arena, row))
        return false;
    while (state->sheet.ptr != NULL && row->error == NULL && row->count < state->width) {
        row->kinds[row->count] = GL_CELL_TEXT;
        row->cells[row->count++] = GL_STR("");
    }
    return true;
}

static cell cell_at(const csv_state *state, size_t column)
{
    gl_str raw = column == 0 ? GL_STR("") : state->row.cells[column - 1];
    gl_cell_kind kind = column == 0 ? GL_CELL_TEXT : (gl_cell_kind)state->row.kinds[column - 1];
    bool error = kind == GL_CELL_ERROR || kind == GL_CELL_FORMULA;
    return (cell){state->row.row, column, kind, error ? GL_STR("") : gl_str_trim(raw), raw};
}

static void match_header_cell(csv_state *state, gl_report *report, gl_arena *arena, size_t i)
{
    size_t index = 0;
    cell *node = GL_NEW(arena, cell);
    *node = cell_at(state, i + 1);
    if (ignored(state->mapping, node->text))
        return;
    if (mapped(state->mapping, node->text, &index) == NULL)
        gl_report_at(
            report, node, NULL,
            &(gl_problem){.code = "unknown-column", .hint = nearest_column(report, arena, state->mapping, node->text)},
            "the mapping does not know the column \"%.*s\"", GL_STR_ARG(node->text));
    else if (state->columns[index] != 0)
        gl_report_at(report, node, NULL, &(gl_problem){.code = "duplicate-column"},
                     "the column \"%.*s\" is there twice", GL_STR_ARG(node->text));
    else
        state->columns[index] = i + 1;
}

/* Keeps the names: `state->row` is read into again. */
static gl_columns columns_of(const csv_state *state, gl_arena *arena)
{
    gl_str *names = GL_NEW_N(arena, gl_str, state->row.count + 1);
    for (size_t i = 0; i < state->row.count; i++)
        names[i] = gl_str_trim(state->row.cells[i]);
    return (gl_columns){names, state->row.count};
}

/* Reads and matches the header; false: it was refused, and `report` says why. */
static bool read_header(csv_state *state, gl_report *report, gl_arena *arena)
{
    const gl_mapping *m = state->mapping;
    next_row(state, arena);
    gl_report_begin(report, arena, &csv_locator, state, row_node(arena, state->row.row));
    if (state->row.error != NULL) {
        gl_report_at(report, NULL, NULL, &(gl_problem){.code = state->row.error}, "header: %s", state->row.reason);
        return false;
    }
    state->width = state->row.count;
    for (size_t i = 0; i < state->row.count; i++)
        match_header_cell(state, report, arena, i);
    for (size_t i = 0; i < m->column_count; i++)
        if (state->columns[i] == 0 && !m->columns[i].optional)
            gl_report_at(report, NULL, NULL, &(gl_problem){.code = "missing-column"}, "the column \"%.*s\" is missing",
                         GL_STR_ARG(m->columns[i].name));
    return !report->rejected;
}

/* --- setting fields --- */

static void *keyed_element(gl_report *report, const gl_step *step, gl_list *list, const cell *node)
{
    const gl_shape *shape = step->field->shape;
    bool attribute = shape == &gl_shape_attribute;
    /* A party's role code and a document's type code tell elements of one kind apart; an attribute's type is its key.
     */
    const gl_field *code = attribute ? &shape->fields[0] : &shape->fields[shape == &gl_shape_party ? 1 : 2];
    for (size_t i = 0; i < list->count; i++) {
        char *element = (char *)list->at + i * shape->bytes;
        int key = -1;
        if (!attribute)
            memcpy(&key, element + shape->fields[0].offset, sizeof key);
        const gl_str *has = (const gl_str *)(const void *)(element + code->offset);
        if (key == step->key && (step->code.ptr == NULL || gl_str_eq(*has, step->code)))
            return element;
    }
    char *element = gl_list_append(report, list, shape->bytes, node);
    if (!attribute)
        memcpy(element + shape->fields[0].offset, &step->key, sizeof step->key);
    if (step->code.ptr != NULL)
        *(gl_str *)(void *)(element + code->offset) = step->code;
    return element;
}

static void *step_into(gl_report *report, const gl_step *step, void *record, const cell *node)
{
    void *slot = (char *)record + step->field->offset;
    if (step->field->kind == GL_FIELD_RECORD) {
        gl_record_pointer *pointer = slot;
        if (*pointer == NULL)
            *pointer = gl_arena_calloc(report->arena, 1, step->field->shape->bytes);
        return *pointer;
    }
    gl_list *list = slot;
    if (step->key >= 0 || step->field->shape == &gl_shape_attribute)
        return keyed_element(report, step, list, node);
    while (list->count <= step->index)
        gl_list_append(report, list, step->field->shape->bytes, node);
    return (char *)list->at + step->index * step->field->shape->bytes;
}

/* The path in errors; the target's own text is it already. */
static gl_path path_of(const gl_target *target, char name[128])
{
    size_t len = target->field_path.len < 127 ? target->field_path.len : 127;
    memcpy(name, target->field_path.ptr, len);
    name[len] = 0;
    return (gl_path){NULL, name, NULL};
}

static void set_unit(gl_report *report, const gl_target *target, void *record, gl_str text, const cell *node)
{
    void *number = *(gl_record_pointer *)(void *)((char *)record + target->field->offset);
    if (number == NULL)
        return; /* a currency without an amount says nothing */
    gl_str *unit = target->field->kind == GL_FIELD_AMOUNT ? &((gl_declaration_amount *)number)->currency_code
                                                          : &((gl_declaration_measure *)number)->unit_code;
    *unit = text;
    if (node != NULL)
        gl_report_origin(report, unit, node);
}

static void set_split(gl_report *report, const gl_column *column, const gl_target *target, void *record, gl_str text,
                      const cell *node, const gl_path *path)
{
    while (text.len > 0) {
        const char *end = memchr(text.ptr, column->split, text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        gl_field_set_text(report, target->field, record, gl_str_trim((gl_str){text.ptr, len}), node, path);
        text = (gl_str){text.ptr + len, text.len - len};
        if (text.len > 0)
            text = (gl_str){text.ptr + 1, text.len - 1};
    }
}

static void set_target(gl_report *report, const gl_column *column, const gl_target *target, void *record, gl_str text,
                       const cell *node)
{
    char name[128];
    gl_path path = path_of(target, name);
    for (size_t i = 0; i < target->step_count; i++)
        record = step_into(report, &target->steps[i], record, node);
    if (target->part) {
        set_unit(report, target, record, text, node);
        return;
    }
    if (column != NULL && column->split != 0) {
        set_split(report, column, target, record, text, node, &path);
        return;
    }
    if (gl_field_set_text(report, target->field, record, text, node, &path) && column != NULL &&
        column->unit.ptr != NULL && (target->field->kind == GL_FIELD_AMOUNT || target->field->kind == GL_FIELD_MEASURE))
        set_unit(report, target, record, column->unit, NULL);
}

static gl_str upper_case(gl_arena *arena, gl_str text)
{
    char *out = gl_arena_alloc(arena, text.len);
    for (size_t i = 0; i < text.len; i++)
        out[i] = text.ptr[i] >= 'a' && text.ptr[i] <= 'z' ? (char)(text.ptr[i] - 32) : text.ptr[i];
    return (gl_str){out, text.len};
}

/* "24.11.2026" by "DD.MM.YYYY" becomes "2026-11-24"; false: it does not look like the format. */
static bool iso_date(gl_arena *arena, gl_str format, gl_str text, gl_str *out)
{
    char date[] = "YYYY-MM-DD";
    size_t year = 0, month = 5, day = 8;
    if (text.len != format.len)
        return false;
    for (size_t i = 0; i < format.len; i++) {
        char f = format.ptr[i], c = text.ptr[i];
        size_t *place = f == 'Y' ? &year : f == 'M' ? &month : f == 'D' ? &day : NULL;
        if (place == NULL ? c != f : (c < '0' || c > '9'))
            return false;
        if (place != NULL)
            date[(*place)++] = c;
    }
    *out = (gl_str){gl_arena_strndup(arena, date, sizeof date - 1), sizeof date - 1};
    return true;
}

/* The cell's text as the fields want it; false: reported, or nothing to set. */
static bool transform(gl_report *report, const gl_column *column, const cell *node, gl_str *text)
{
    char name[128];
    gl_path path = column->target_count > 0 ? path_of(&column->targets[0], name) : (gl_path){NULL, NULL, NULL};
    *text = node->text;
    if (node->kind == GL_CELL_ERROR || node->kind == GL_CELL_FORMULA) {
        gl_report_at(report, node, &path, &(gl_problem){.code = "cell-error"}, "%s",
                     node->kind == GL_CELL_ERROR ? "the cell holds an error"
                                                 : "the cell holds a formula without its value: save it as values");
        return false;
    }
    for (size_t i = 0; i < column->value_count; i++)
        if (gl_str_eq(*text, column->from[i])) {
            *text = column->to[i];
            break;
        }
    if (text->len == 0)
        *text = column->fallback;
    if (text->len == 0) {
        if (column->required && column->target_count > 0)
            gl_report_at(report, node, &path, &(gl_problem){.code = "missing"}, "\"%.*s\" is empty",
                         GL_STR_ARG(column->name));
        return false;
    }
    if (column->upper)
        *text = upper_case(report->arena, *text);
    if (column->decimal_comma && node->kind != GL_CELL_NUMBER) {
        bool point = memchr(text->ptr, '.', text->len) != NULL;
        char *number = gl_arena_strndup(report->arena, text->ptr, text->len);
        for (size_t i = 0; i < text->len; i++)
            number[i] = point ? '?' : number[i] == ',' ? '.' : number[i];
        text->ptr = number;
    }
    if (column->date_format.ptr != NULL && node->kind != GL_CELL_DATE &&
        !iso_date(report->arena, column->date_format, *text, text)) {
        const char *format = gl_arena_strndup(report->arena, column->date_format.ptr, column->date_format.len);
        gl_report_at(report, node, &path, &(gl_problem){.code = "invalid-date", .allowed = format},
                     "not a date of the form %s", format);
        return false;
    }
    return true;
}

static void set_columns(csv_state *state, gl_report *report, gl_declaration *declaration,
                        gl_declaration_goods_item *item, cell *cells, bool first, bool parts)
{
    const gl_mapping *m = state->mapping;
    for (size_t i = 0; i < m->column_count; i++) {
        const gl_column *column = &m->columns[i];
        gl_str text;
        bool any = false;
        for (size_t t = 0; t < column->target_count; t++)
            any = any || (column->targets[t].part == parts && (column->targets[t].item || first));
        if (!any || state->columns[i] == 0 || !transform(report, column, &cells[i], &text))
            continue;
        for (size_t t = 0; t < column->target_count; t++) {
            const gl_target *target = &column->targets[t];
            if (target->part == parts && (target->item || first))
                set_target(report, column, target, target->item ? (void *)item : (void *)declaration, text, &cells[i]);
        }
    }
}

/* Rows of one declaration must agree about the declaration. */
static void check_agreement(csv_state *state, gl_report *report, const cell *cells)
{
    const gl_mapping *m = state->mapping;
    for (size_t i = 0; i < m->column_count; i++)
        for (size_t t = 0; t < m->columns[i].target_count; t++)
            if (!m->columns[i].targets[t].item && state->columns[i] > 0 &&
                !gl_str_eq(cells[i].text, state->cells[i].text)) {
                char name[128];
                gl_path path = path_of(&m->columns[i].targets[t], name);
                const char *allowed =
                    gl_arena_strndup(report->arena, state->cells[i].text.ptr, state->cells[i].text.len);
                gl_report_at(report, &cells[i], &path, &(gl_problem){.code = "conflicting-rows", .allowed = allowed},
                             "rows of one declaration differ in \"%.*s\"", GL_STR_ARG(m->columns[i].name));
                break;
            }
}

static cell *cells_of_row(const csv_state *state, gl_arena *arena)
{
    const gl_mapping *m = state->mapping;
    cell *cells = GL_NEW_N(arena, cell, m->column_count);
    for (size_t i = 0; i < m->column_count; i++) {
        cells[i] = cell_at(state, state->columns[i]);
    }
    return cells;
}

static gl_str lrn_of(const csv_state *state, gl_arena *arena, const cell *cells)
{
    const gl_mapping *m = state->mapping;
    if (m->lrn_count == 1)
        return cells[state->lrn_columns[0]].text;
    gl_buf lrn = gl_buf_in(arena);
    for (size_t i = 0; i < m->lrn_count; i++) {
        if (cells[state->lrn_columns[i]].text.len == 0)
            return GL_STR("");
        if (i > 0)
            gl_buf_str(&lrn, m->lrn_separator);
        gl_buf_str(&lrn, cells[state->lrn_columns[i]].text);
    }
    return gl_buf_view(&lrn);
}

static void set_lrn(const csv_state *state, gl_report *report, gl_declaration *declaration, gl_str lrn)
{
    const gl_mapping *m = state->mapping;
    for (size_t i = 0; i < m->lrn_count && lrn.len == 0; i++) {
        const cell *node = &state->cells[state->lrn_columns[i]];
        gl_path path = {NULL, "functional_reference_id", &declaration->functional_reference_id};
        if (node->text.len > 0)
            continue;
        gl_report_origin(report, path.slot, node);
        gl_report_at(report, node, &path, &(gl_problem){.code = "missing"}, "\"%.*s\" is empty: the LRN is made of it",
                     GL_STR_ARG(m->columns[state->lrn_columns[i]].name));
    }
    if (lrn.len > 0) {
        declaration->functional_reference_id = lrn;
        gl_report_origin(report, &declaration->functional_reference_id, &state->cells[state->lrn_columns[0]]);
    }
}

/* --- rows --- */

static void add_row(csv_state *state, gl_report *report, gl_declaration *declaration, cell *cells, bool first)
{
    const gl_mapping *m = state->mapping;
    const cell *node = row_node(report->arena, state->row.row);
    gl_declaration_goods_item *item = gl_list_append(report, (gl_list *)&declaration->items, sizeof *item, node);
    for (size_t i = 0; i < m->constant_count; i++) {
        const gl_constant *constant = &m->constants[i];
        if (constant->target.item || first)
            set_target(report, NULL, &constant->target, constant->target.item ? (void *)item : (void *)declaration,
                       constant->value, node);
    }
    set_columns(state, report, declaration, item, cells, first, false);
    set_columns(state, report, declaration, item, cells, first, true);
    if (!first)
        check_agreement(state, report, cells);
}

/* The row that cannot be used: refused alone. */
static bool refuse_row(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    csv_state *state = reader->state;
    gl_csv_row *row = &state->row;
    gl_report_begin(&reader->report, arena, &csv_locator, state, row_node(arena, row->row));
    if (row->error != NULL) {
        cell *node = GL_NEW(arena, cell);
        bool there = row->error_cell < row->count;
        *node = (cell){.row = row->row,
                       .column = row->error_cell + 1,
                       .text = GL_STR(""),
                       .raw = there ? row->cells[row->error_cell] : GL_STR("")};
        gl_problem problem = {.code = row->error};
        if (node->raw.len > 0)
            problem.value = gl_report_masked(arena, node->raw); /* of which field is not known */
        gl_report_at(&reader->report, there ? node : NULL, NULL, &problem, "%s (cell %zu)", row->reason,
                     row->error_cell + 1);
    } else {
        gl_report_at(&reader->report, NULL, NULL, &(gl_problem){.code = "wrong-cell-count"},
                     "the row has %zu cells, the header %zu", row->count, state->width);
    }
    reader->offset = state->csv.offset;
    gl_intake_refuse(reader, intake, row->source);
    return true;
}

static bool usable(const csv_state *state)
{
    return state->row.error == NULL && state->row.count == state->width;
}

/* Adds the rows that follow with the same LRN; returns the end of the last one. The first row that does not belong is
 * read again by the next call, whose arena may be another one. */
static size_t add_group(csv_state *state, gl_report *report, gl_declaration *declaration, gl_str lrn, size_t end,
                        size_t start)
{
    for (;;) {
        gl_csv before = state->csv;
        if (!next_row(state, report->arena))
            return end;
        cell *cells = usable(state) ? cells_of_row(state, report->arena) : NULL;
        if (cells == NULL || !gl_str_eq(lrn_of(state, report->arena, cells), lrn)) {
            state->csv = before;
            return end;
        }
        end = (size_t)(state->row.source.ptr - state->csv.bytes.ptr) + state->row.source.len;
        if (end - start <= GL_INTAKE_LIMIT_BYTES && declaration->items.count <= GL_INTAKE_LIMIT_ITEMS)
            add_row(state, report, declaration, cells, false);
    }
}

static bool next_rows(gl_reader *reader, gl_arena *arena, gl_intake *intake)
{
    csv_state *state = reader->state;
    const gl_mapping *m = state->mapping;
    if (state->header_refused) {
        reader->finished = true;
        reader->offset = reader->bytes.len;
        gl_intake_refuse(reader, intake, state->row.source);
        return true;
    }
    if (!next_row(state, arena)) {
        reader->finished = true;
        return false;
    }
    if (!usable(state))
        return refuse_row(reader, arena, intake);
    gl_str source = state->row.source;
    size_t start = (size_t)(source.ptr - reader->bytes.ptr), end = start + source.len;
    state->cells = cells_of_row(state, arena);
    gl_report_begin(&reader->report, arena, &csv_locator, state, row_node(arena, state->row.row));
    gl_str lrn = lrn_of(state, arena, state->cells);
    set_lrn(state, &reader->report, &intake->declaration, lrn);
    add_row(state, &reader->report, &intake->declaration, state->cells, true);
    if (m->group && lrn.len > 0)
        end = add_group(state, &reader->report, &intake->declaration, lrn, end, start);
    if (end - start > GL_INTAKE_LIMIT_BYTES)
        gl_report_at(&reader->report, NULL, NULL, &(gl_problem){.code = "too-large", .allowed = "256 KiB"},
                     "the rows of this declaration have %zu bytes", end - start);
    reader->offset = state->csv.offset;
    gl_intake_finish(reader, intake, (gl_str){reader->bytes.ptr + start, end - start}, m->profile);
    return true;
}

/* Rows are counted from here; rows_before() knows the others when it is asked. */
static void resume(gl_reader *reader, csv_state *state)
{
    state->resumed_at = reader->offset;
    *state->rows_before = state->sheet.ptr == NULL ? -1 : 0; /* a sheet's rows have their numbers with them */
    state->csv.offset = reader->offset;
    state->csv.row = 0;
}

/* The rows of the mapping's sheet. */
static bool begin_sheet(csv_state *state, gl_str sheets, gl_err *err)
{
    gl_str wanted = state->mapping->sheet;
    size_t at = 0;
    state->next_row = gl_sheet_next;
    state->csv = (gl_csv){.bytes = sheets};
    if (!gl_sheet_find(state->arena, sheets, wanted, &at, &state->sheet))
        return gl_fail(err, GL_DEAD_LETTER, "intake-sheet-unknown", "%s \"%.*s\"; there are: %.*s",
                       wanted.ptr == NULL ? "no sheet is shown" : "the workbook has no sheet", GL_STR_ARG(wanted),
                       GL_STR_ARG(gl_sheet_names(state->arena, sheets)));
    state->csv.offset = at;
    gl_csv first = state->csv;
    return gl_sheet_next(&first, state->arena, &state->row) ||
           gl_fail(err, GL_DEAD_LETTER, "intake-empty", "the sheet \"%.*s\" is empty", GL_STR_ARG(state->sheet));
}

static bool begin_rows(csv_state *state, const gl_reader *reader, gl_err *err)
{
    if (reader->format == GL_FORMAT_XLSX)
        return begin_sheet(state, reader->bytes, err);
    state->next_row = gl_csv_next;
    gl_csv_begin(&state->csv, reader->bytes, state->mapping->delimiter, state->mapping->latin1);
    return true;
}

bool gl_csv_reader_open(gl_reader *reader, gl_err *err)
{
    csv_state *state = GL_NEW(reader->arena, csv_state);
    state->mapping = reader->mapping;
    state->arena = reader->arena;
    state->rows_before = GL_NEW(reader->arena, int64_t);
    reader->state = state;
    reader->next = next_rows;
    for (size_t i = 0; i < state->mapping->lrn_count; i++)
        mapped(state->mapping, state->mapping->lrn[i], &state->lrn_columns[i]);
    if (!begin_rows(state, reader, err))
        return false;
    state->header_refused = !read_header(state, &reader->report, reader->arena);
    reader->columns = columns_of(state, reader->arena);
    if (!state->header_refused && reader->offset > state->csv.offset)
        resume(reader, state);
    return true;
}
