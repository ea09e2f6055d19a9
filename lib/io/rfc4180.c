/* See rfc4180.h. */
#include "io/rfc4180.h"

void gl_csv_begin(gl_csv *csv, gl_str bytes, char delimiter, bool latin1)
{
    *csv = (gl_csv){.bytes = bytes, .delimiter = delimiter, .latin1 = latin1};
    if (gl_str_starts(bytes, GL_STR("\xEF\xBB\xBF")))
        csv->offset = 3;
}

static bool fail(gl_csv_row *row, const char *code, const char *reason)
{
    row->error = code;
    row->reason = reason;
    row->error_cell = row->count;
    return false;
}

/* Behind the line end at `at`, which stands on '\r' or '\n', or is the end. */
static size_t skip_line_end(gl_str bytes, size_t at)
{
    if (at < bytes.len && bytes.ptr[at] == '\r')
        return at + 1 < bytes.len && bytes.ptr[at + 1] == '\n' ? at + 2 : at + 1;
    return at < bytes.len ? at + 1 : at;
}

static gl_str undouble(gl_arena *arena, gl_str text)
{
    char *out = gl_arena_alloc(arena, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        out[len++] = text.ptr[i];
        if (text.ptr[i] == '"')
            i++;
    }
    return (gl_str){out, len};
}

/* `*at` stands behind the opening quote; afterwards behind the closing one. */
static bool quoted_cell(const gl_csv *csv, gl_arena *arena, gl_csv_row *row, size_t *at, gl_str *cell)
{
    gl_str bytes = csv->bytes;
    size_t start = *at, i = start, limit = start + GL_CSV_LIMIT_ROW_BYTES;
    bool doubled = false;
    for (; i < bytes.len && i < limit; i++) {
        if (bytes.ptr[i] != '"')
            continue;
        if (i + 1 == bytes.len || bytes.ptr[i + 1] != '"')
            break;
        doubled = true;
        i++;
    }
    if (i >= bytes.len || i >= limit)
        return fail(row, "not-well-formed", "a quoted cell is never closed");
    *cell = (gl_str){bytes.ptr + start, i - start};
    if (doubled)
        *cell = undouble(arena, *cell);
    *at = i + 1;
    if (*at < bytes.len && bytes.ptr[*at] != csv->delimiter && bytes.ptr[*at] != '\r' && bytes.ptr[*at] != '\n')
        return fail(row, "not-well-formed", "text follows the closing quote of a cell");
    return true;
}

static bool plain_cell(const gl_csv *csv, gl_csv_row *row, size_t *at, gl_str *cell)
{
    gl_str bytes = csv->bytes;
    size_t start = *at, i = start;
    char delimiter = csv->delimiter;
    for (; i < bytes.len; i++) {
        char c = bytes.ptr[i];
        if (c == delimiter || c == '\n' || c == '\r')
            break;
        if (c == '"')
            return fail(row, "not-well-formed", "a quote inside a cell that does not begin with one");
    }
    *cell = (gl_str){bytes.ptr + start, i - start};
    *at = i;
    return true;
}

/* Latin-1 to UTF-8; the cell itself when it is ASCII. */
static gl_str from_latin1(gl_arena *arena, gl_str text)
{
    size_t high = 0;
    for (size_t i = 0; i < text.len; i++)
        high += (unsigned char)text.ptr[i] >= 0x80;
    if (high == 0)
        return text;
    char *out = gl_arena_alloc(arena, text.len + high);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c >= 0x80)
            out[len++] = (char)(0xC0 | (c >> 6));
        out[len++] = (char)(c >= 0x80 ? 0x80 | (c & 0x3F) : c);
    }
    return (gl_str){out, len};
}

static bool take_cell(const gl_csv *csv, gl_arena *arena, gl_csv_row *row, gl_str cell)
{
    if (cell.len > GL_CSV_LIMIT_CELL_BYTES)
        return fail(row, "too-large", "a cell has more than 64 KiB");
    if (csv->latin1)
        cell = from_latin1(arena, cell);
    row->cells[row->count++] = cell;
    return true;
}

static bool read_cells(gl_csv *csv, gl_arena *arena, gl_csv_row *row, size_t *at)
{
    gl_str bytes = csv->bytes, cell = {NULL, 0};
    for (;;) {
        if (row->count == GL_CSV_LIMIT_COLUMNS)
            return fail(row, "too-large", "a row has more than 512 cells");
        bool quoted = *at < bytes.len && bytes.ptr[*at] == '"';
        if (quoted)
            ++*at;
        if (!(quoted ? quoted_cell(csv, arena, row, at, &cell) : plain_cell(csv, row, at, &cell)) ||
            !take_cell(csv, arena, row, cell))
            return false;
        if (*at == bytes.len || bytes.ptr[*at] != csv->delimiter)
            return true;
        ++*at;
    }
}

static void check_row(const gl_csv *csv, gl_csv_row *row)
{
    if (row->source.len > GL_CSV_LIMIT_ROW_BYTES) {
        fail(row, "too-large", "a row has more than 256 KiB");
        row->error_cell = 0;
        return;
    }
    if (csv->latin1 || gl_str_is_utf8(row->source, NULL))
        return;
    fail(row, "encoding", "a cell is not UTF-8");
    for (row->error_cell = 0; row->error_cell + 1 < row->count; row->error_cell++)
        if (!gl_str_is_utf8(row->cells[row->error_cell], NULL))
            return;
}

bool gl_csv_next(gl_csv *csv, gl_arena *arena, gl_csv_row *row)
{
    gl_str bytes = csv->bytes;
    size_t at = csv->offset;
    while (at < bytes.len && (bytes.ptr[at] == '\r' || bytes.ptr[at] == '\n')) {
        at = skip_line_end(bytes, at);
        csv->row++;
    }
    csv->offset = at;
    if (at == bytes.len)
        return false;
    size_t start = at;
    row->count = 0;
    row->row = ++csv->row;
    row->error = NULL;
    if (read_cells(csv, arena, row, &at)) {
        row->source = (gl_str){bytes.ptr + start, at - start};
        check_row(csv, row);
    } else {
        /* Nobody can tell where a broken row ends: with its line. */
        at = start;
        while (at < bytes.len && bytes.ptr[at] != '\n' && bytes.ptr[at] != '\r')
            at++;
        row->source = (gl_str){bytes.ptr + start, at - start};
    }
    csv->offset = skip_line_end(bytes, at);
    return true;
}
