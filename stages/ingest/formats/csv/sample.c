/* See sample.h. */
#include "ingest/formats/csv/sample.h"

#include "customs/money.h"
#include "ingest/formats/canonical.h"
#include "ingest/formats/xlsx/sheet.h"

enum {
    TRY_ROWS = 50,
    NUMBER_LIMIT = 32,
    NAME_LIMIT_BYTES = 160 /* a key of YAML has at most 1,024 characters, escaped ones included */
};

const char *const gl_sample_date_formats[GL_SAMPLE_DATE_FORMATS] = {
    "YYYY-MM-DD", "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY", "DD-MM-YYYY",
    "MM-DD-YYYY", "YYYY/MM/DD", "YYYY.MM.DD", "YYYYMMDD",   "DDMMYYYY"};

/* ---- delimiter ---- */

typedef struct cut {
    size_t columns, rows, even;
} cut;

static cut try_delimiter(gl_str csv, char delimiter, bool latin1)
{
    cut found = {0};
    gl_csv reader;
    gl_arena *scratch = gl_arena_new(0);
    gl_csv_row *row = GL_NEW(scratch, gl_csv_row);
    gl_arena *cells = gl_arena_new(0);
    gl_csv_begin(&reader, csv, delimiter, latin1);
    if (gl_csv_next(&reader, cells, row) && row->error == NULL)
        found.columns = row->count;
    while (found.rows < TRY_ROWS && gl_csv_next(&reader, cells, row)) {
        found.rows++;
        found.even += row->error == NULL && row->count == found.columns;
        gl_arena_reset(cells);
    }
    gl_arena_destroy(cells);
    gl_arena_destroy(scratch);
    return found;
}

/* The one that cuts most columns, of those that cut most rows alike; 0: none cuts more than one. */
static char find_delimiter(gl_str csv, bool latin1)
{
    static const char delimiters[] = ",;\t|";
    char best = 0;
    size_t columns = 1;
    for (const char *d = delimiters; *d != 0; d++) {
        cut found = try_delimiter(csv, *d, latin1);
        if (found.columns > columns && 10 * found.even >= 8 * found.rows) {
            best = *d;
            columns = found.columns;
        }
    }
    return best;
}

/* ---- columns ---- */

static bool name_columns(gl_arena *arena, const gl_csv_row *row, gl_sample *sample, gl_err *err)
{
    sample->count = row->count;
    sample->columns = GL_NEW_N(arena, gl_sample_column, row->count + 1);
    for (size_t i = 0; i < row->count; i++) {
        gl_str name = gl_str_trim(row->cells[i]);
        if (name.len == 0)
            return gl_fail(err, GL_DEAD_LETTER, "mapping-sample",
                           "column %zu has no name: the first row must name every column", i + 1);
        if (name.len > NAME_LIMIT_BYTES)
            return gl_fail(err, GL_DEAD_LETTER, "mapping-sample",
                           "the name of column %zu has more than %d bytes: does the first row name the columns?", i + 1,
                           NAME_LIMIT_BYTES);
        if (gl_str_has_control(name))
            return gl_fail(err, GL_DEAD_LETTER, "mapping-sample",
                           "the name of column %zu holds a control character: is it a CSV file?", i + 1);
        sample->columns[i].name = (gl_str){gl_arena_strndup(arena, name.ptr, name.len), name.len};
        for (size_t j = 0; j < i; j++)
            if (gl_str_eq(sample->columns[j].name, sample->columns[i].name))
                return gl_fail(err, GL_DEAD_LETTER, "mapping-sample",
                               "columns %zu and %zu are both named \"%.*s\": a mapping tells columns by their names",
                               j + 1, i + 1, GL_STR_ARG(name));
    }
    return true;
}

static bool is_number(gl_str text, char point)
{
    char number[NUMBER_LIMIT];
    gl_decimal value;
    if (text.len == 0 || text.len >= NUMBER_LIMIT || (point == ',' && memchr(text.ptr, '.', text.len) != NULL))
        return false;
    for (size_t i = 0; i < text.len; i++)
        number[i] = text.ptr[i] == point ? '.' : text.ptr[i];
    return gl_decimal_parse((gl_str){number, text.len}, &value);
}

static bool all_digits(gl_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.len > 0;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_date(gl_str text, const char *format)
{
    int month = 0, day = 0;
    if (text.len != strlen(format))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool digit = c >= '0' && c <= '9';
        if (strchr("YMD", format[i]) == NULL ? c != format[i] : !digit)
            return false;
        if (format[i] == 'M')
            month = 10 * month + (c - '0');
        if (format[i] == 'D')
            day = 10 * day + (c - '0');
    }
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static void count_value(gl_arena *arena, gl_sample_column *column, gl_str value)
{
    if (column->filled++ == 0)
        column->example = (gl_str){gl_arena_strndup(arena, value.ptr, value.len), value.len};
    column->points += is_number(value, '.');
    column->commas += is_number(value, ',');
    if (value.len == 2 && is_letter(value.ptr[0]) && is_letter(value.ptr[1])) {
        column->letters++;
        column->lower += value.ptr[0] >= 'a' || value.ptr[1] >= 'a';
    }
    column->currencies += value.len == 3 && gl_currency_known(value);
    column->commodities += value.len >= 6 && value.len <= 10 && all_digits(value);
    for (size_t i = 0; i < GL_SAMPLE_DATE_FORMATS; i++)
        column->dates[i] += is_date(value, gl_sample_date_formats[i]);
}

static uint64_t hash_of(gl_str text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * UINT64_C(1099511628211);
    return hash;
}

/* `seen`: hashes of the column's values in the rows before. */
static void note_repeat(gl_sample_column *column, const uint64_t *seen, size_t rows, uint64_t hash)
{
    if (rows > 0 && seen[rows - 1] == hash) {
        column->repeats = true;
        return;
    }
    for (size_t i = 0; i + 1 < rows && !column->returns; i++)
        column->returns = seen[i] == hash;
}

typedef bool next_row(gl_csv *csv, gl_arena *arena, gl_csv_row *row);

static void read_rows(gl_arena *arena, next_row *next, gl_csv *reader, gl_csv_row *row, gl_sample *sample)
{
    uint64_t *seen = GL_NEW_N(arena, uint64_t, sample->count * GL_SAMPLE_LIMIT_ROWS);
    gl_arena *cells = gl_arena_new(0);
    while (sample->rows < GL_SAMPLE_LIMIT_ROWS && next(reader, cells, row)) {
        while (sample->delimiter == 0 && row->error == NULL && row->count < sample->count)
            row->cells[row->count++] = GL_STR(""); /* a sheet has no cells where nothing is */
        bool even = row->error == NULL && row->count == sample->count;
        for (size_t i = 0; even && i < row->count; i++) {
            gl_str value = gl_str_trim(row->cells[i]);
            uint64_t *of = seen + i * GL_SAMPLE_LIMIT_ROWS;
            of[sample->rows] = hash_of(value);
            if (value.len == 0)
                continue;
            note_repeat(&sample->columns[i], of, sample->rows, of[sample->rows]);
            count_value(arena, &sample->columns[i], value);
        }
        sample->rows++;
        gl_arena_reset(cells);
    }
    gl_arena_destroy(cells);
}

static bool take_sheet(gl_arena *arena, gl_str sheets, gl_sample *sample, gl_err *err)
{
    gl_csv reader = {.bytes = sheets};
    gl_csv_row *row = GL_NEW(arena, gl_csv_row);
    gl_str name;
    *sample = (gl_sample){0};
    if (!gl_sheet_find(arena, sheets, (gl_str){NULL, 0}, &reader.offset, &name) || !gl_sheet_next(&reader, arena, row))
        return gl_fail(err, GL_DEAD_LETTER, "mapping-sample", "the first sheet is empty");
    if (!name_columns(arena, row, sample, err))
        return false;
    read_rows(arena, gl_sheet_next, &reader, row, sample);
    return sample->rows > 0 || gl_fail(err, GL_DEAD_LETTER, "mapping-sample", "there is no row below the header");
}

bool gl_sample_take(gl_arena *arena, gl_format format, gl_str csv, gl_sample *sample, gl_err *err)
{
    if (format == GL_FORMAT_XLSX)
        return take_sheet(arena, csv, sample, err);
    *sample = (gl_sample){.latin1 = !gl_str_is_utf8(csv, NULL)};
    sample->delimiter = find_delimiter(csv, sample->latin1);
    if (sample->delimiter == 0)
        return gl_fail(err, GL_DEAD_LETTER, "mapping-sample",
                       "no delimiter (, ; | or a tab) cuts the first rows into the columns of the header: is it a CSV "
                       "file, and does its first row name the columns?");
    gl_csv reader;
    gl_csv_row *row = GL_NEW(arena, gl_csv_row);
    gl_csv_begin(&reader, csv, sample->delimiter, sample->latin1);
    if (!gl_csv_next(&reader, arena, row) || !name_columns(arena, row, sample, err))
        return false;
    read_rows(arena, gl_csv_next, &reader, row, sample);
    return sample->rows > 0 || gl_fail(err, GL_DEAD_LETTER, "mapping-sample", "there is no row below the header");
}
