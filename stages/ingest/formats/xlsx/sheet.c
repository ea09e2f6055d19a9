/* See sheet.h. */
#include "ingest/formats/xlsx/sheet.h"

enum { NAMES_BYTES = 120 };

static const char KINDS[] = "tndbef"; /* in the order of gl_cell_kind */

/* ---- writing ---- */

static void put_escaped(gl_buf *out, gl_str text)
{
    static const char plain[] = "\\\t\n\r", letters[] = "\\tnr";
    for (size_t i = 0; i < text.len; i++) {
        const char *found = text.ptr[i] == '\0' ? NULL : strchr(plain, text.ptr[i]);
        if (found != NULL)
            gl_buf_byte(out, '\\');
        gl_buf_byte(out, (uint8_t)(found == NULL ? text.ptr[i] : letters[found - plain]));
    }
}

void gl_sheet_put_name(gl_buf *out, gl_str name, bool hidden)
{
    gl_buf_byte(out, hidden ? 'H' : 'S');
    put_escaped(out, name);
    gl_buf_byte(out, '\n');
}

void gl_sheet_put_row(gl_buf *out, int64_t row)
{
    gl_buf_byte(out, 'R');
    gl_buf_int(out, row);
}

void gl_sheet_put_cell(gl_buf *out, gl_cell_kind kind, size_t column, gl_str text)
{
    gl_buf_byte(out, '\t');
    gl_buf_byte(out, (uint8_t)KINDS[kind]);
    gl_buf_int(out, (int64_t)column);
    gl_buf_byte(out, ':');
    put_escaped(out, text);
}

void gl_sheet_put_end(gl_buf *out)
{
    gl_buf_byte(out, '\n');
}

void gl_sheet_put_column(gl_buf *out, size_t column)
{
    char letters[16];
    size_t len = 0;
    for (; column > 0 && len < sizeof letters; column = (column - 1) / 26)
        letters[len++] = (char)('A' + (column - 1) % 26);
    while (len > 0)
        gl_buf_byte(out, (uint8_t)letters[--len]);
}

/* ---- reading ---- */

static gl_str line_at(gl_str bytes, size_t at)
{
    const char *end = memchr(bytes.ptr + at, '\n', bytes.len - at);
    return (gl_str){bytes.ptr + at, end == NULL ? bytes.len - at : (size_t)(end - bytes.ptr) - at};
}

/* The text itself when nothing in it is escaped. */
static gl_str unescaped(gl_arena *arena, gl_str text)
{
    if (text.len == 0 || memchr(text.ptr, '\\', text.len) == NULL)
        return text;
    char *out = gl_arena_alloc(arena, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\\' && i + 1 < text.len) {
            c = text.ptr[++i];
            c = c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
        }
        out[len++] = c;
    }
    return (gl_str){out, len};
}

static bool is_name(gl_str line)
{
    return line.len > 0 && (line.ptr[0] == 'S' || line.ptr[0] == 'H');
}

bool gl_sheet_find(gl_arena *arena, gl_str sheets, gl_str wanted, size_t *at, gl_str *name)
{
    for (size_t i = 0; i < sheets.len;) {
        gl_str line = line_at(sheets, i);
        i += line.len + 1;
        if (!is_name(line))
            continue;
        *name = unescaped(arena, (gl_str){line.ptr + 1, line.len - 1});
        *at = i < sheets.len ? i : sheets.len;
        if (wanted.ptr == NULL ? line.ptr[0] == 'S' : gl_str_eq(*name, wanted))
            return true;
    }
    return false;
}

gl_str gl_sheet_names(gl_arena *arena, gl_str sheets)
{
    gl_buf names = gl_buf_in(arena);
    for (size_t i = 0; i < sheets.len && names.len < NAMES_BYTES;) {
        gl_str line = line_at(sheets, i);
        i += line.len + 1;
        if (!is_name(line))
            continue;
        gl_buf_text(&names, names.len > 0 ? ", " : "");
        gl_buf_str(&names, unescaped(arena, (gl_str){line.ptr + 1, line.len - 1}));
    }
    return names.len == 0 ? GL_STR("") : gl_buf_view(&names);
}

static bool fail(gl_csv_row *row, const char *code, const char *reason)
{
    row->error = code;
    row->reason = reason;
    row->error_cell = row->count;
    return false;
}

/* Digits at `*at`; 0: there are none, or too many. */
static uint64_t number_at(gl_str line, size_t *at)
{
    uint64_t value = 0;
    size_t begin = *at;
    for (; *at < line.len && line.ptr[*at] >= '0' && line.ptr[*at] <= '9' && *at - begin < 9; ++*at)
        value = 10 * value + (uint64_t)(line.ptr[*at] - '0');
    return value;
}

/* `*at` stands on a tab. */
static bool read_cell(gl_str line, size_t *at, gl_arena *arena, gl_csv_row *row)
{
    const char *kind = *at + 1 < line.len && line.ptr[*at + 1] != '\0' ? strchr(KINDS, line.ptr[*at + 1]) : NULL;
    *at += 2;
    uint64_t column = kind == NULL ? 0 : number_at(line, at);
    if (column <= row->count || *at >= line.len || line.ptr[*at] != ':')
        return fail(row, "not-well-formed", "a cell is not what it should be");
    if (column > GL_CSV_LIMIT_COLUMNS)
        return fail(row, "too-large", "a row has more than 512 cells");
    const char *tab = memchr(line.ptr + *at, '\t', line.len - *at);
    size_t end = tab == NULL ? line.len : (size_t)(tab - line.ptr);
    gl_str text = unescaped(arena, (gl_str){line.ptr + *at + 1, end - *at - 1});
    while (row->count < column) {
        row->kinds[row->count] = GL_CELL_TEXT;
        row->cells[row->count++] = GL_STR("");
    }
    if (text.len > GL_CSV_LIMIT_CELL_BYTES) {
        row->count--;
        return fail(row, "too-large", "a cell has more than 64 KiB");
    }
    row->kinds[column - 1] = (uint8_t)(kind - KINDS);
    row->cells[column - 1] = text;
    *at = end;
    return true;
}

static bool read_row(gl_str line, gl_arena *arena, gl_csv_row *row)
{
    size_t at = 1;
    row->row = (int64_t)number_at(line, &at);
    if (line.len > GL_CSV_LIMIT_ROW_BYTES)
        return fail(row, "too-large", "a row has more than 256 KiB");
    if (!gl_str_is_utf8(line, NULL))
        return fail(row, "encoding", "a cell is not UTF-8");
    while (at < line.len && line.ptr[at] == '\t')
        if (!read_cell(line, &at, arena, row))
            return false;
    return at == line.len || fail(row, "not-well-formed", "a row is not what it should be");
}

bool gl_sheet_next(gl_csv *rows, gl_arena *arena, gl_csv_row *row)
{
    while (rows->offset < rows->bytes.len) {
        gl_str line = line_at(rows->bytes, rows->offset);
        if (is_name(line))
            break;
        rows->offset += line.len + (rows->offset + line.len < rows->bytes.len);
        if (line.len == 0 || line.ptr[0] != 'R')
            continue;
        row->count = 0;
        row->error = NULL;
        row->source = line;
        read_row(line, arena, row);
        rows->row = row->row;
        return true;
    }
    return false;
}
