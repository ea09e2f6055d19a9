/* An answer as lines of a CSV (RFC 4180): one an error or warning, one an answer that has none.
 *
 * Values come from strangers and spreadsheets run what looks like a formula: an apostrophe stands before a sign that
 * would begin one, at the beginning of a cell and after what another program may take for the end of one (semicolon,
 * tab, line break).
 */
#include "ingest/answers.h"

static const char HEADER[] = "lrn,mrn,status,row,column,column_name,code,severity,value,allowed,text,hint,position,"
                             "pointer\r\n";

void gl_answer_csv_header(gl_buf *buf)
{
    gl_buf_text(buf, HEADER);
}

/* = + - @ and their full-width forms, which some spreadsheets read alike: U+FF1D, U+FF0B, U+FF0D, U+FF20. */
static bool begins_formula(const char *at, size_t left)
{
    if (strchr("=+-@", at[0]) != NULL && at[0] != '\0')
        return true;
    return left >= 3 && (memcmp(at, "\xEF\xBC\x9D", 3) == 0 || memcmp(at, "\xEF\xBC\x8B", 3) == 0 ||
                         memcmp(at, "\xEF\xBC\x8D", 3) == 0 || memcmp(at, "\xEF\xBC\xA0", 3) == 0);
}

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool must_quote(gl_str text)
{
    if (text.len == 0)
        return false;
    if (is_white(text.ptr[0]) || is_white(text.ptr[text.len - 1]))
        return true;
    for (size_t i = 0; i < text.len; i++)
        if (strchr("\",;\t\r\n", text.ptr[i]) != NULL)
            return true;
    return false;
}

static void add_cell(gl_buf *buf, gl_str text)
{
    bool quoted = must_quote(text), first = true; /* first: nothing but white space since a cell may have begun */
    if (quoted)
        gl_buf_byte(buf, '"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (first && begins_formula(text.ptr + i, text.len - i))
            gl_buf_byte(buf, '\'');
        first = (first && is_white(c)) || c == ';' || c == '\t' || c == '\r' || c == '\n';
        if (c == '"')
            gl_buf_byte(buf, '"');
        gl_buf_byte(buf, (uint8_t)c);
    }
    if (quoted)
        gl_buf_byte(buf, '"');
}

static void next_cell(gl_buf *buf, gl_str text)
{
    gl_buf_byte(buf, ',');
    add_cell(buf, text);
}

/* Nothing when it is 0. */
static void next_number(gl_buf *buf, uint64_t number)
{
    gl_buf_byte(buf, ',');
    if (number > 0)
        gl_buf_int(buf, (int64_t)number);
}

typedef struct place {
    uint64_t row, column; /* from 1; 0: not known */
} place;

static size_t count_digits(gl_str text)
{
    size_t len = 0;
    while (len < text.len && text.ptr[len] >= '0' && text.ptr[len] <= '9')
        len++;
    return len;
}

static bool take(gl_str *rest, gl_str text)
{
    if (!gl_str_starts(*rest, text))
        return false;
    *rest = (gl_str){rest->ptr + text.len, rest->len - text.len};
    return true;
}

/* "entry=NAME;" of an archive, "sheet=NAME;" of a workbook. */
static void skip_name(gl_str *rest, gl_str what)
{
    const char *end = gl_str_starts(*rest, what) ? memchr(rest->ptr, ';', rest->len) : NULL;
    if (end != NULL)
        *rest = (gl_str){end + 1, rest->len - (size_t)(end + 1 - rest->ptr)};
}

static bool take_number(gl_str *rest, uint64_t *number)
{
    size_t len = count_digits(*rest);
    bool good = gl_str_to_u64((gl_str){rest->ptr, len}, INT64_MAX, number);
    *rest = (gl_str){rest->ptr + len, rest->len - len};
    return good;
}

/* "M" is the 13th column; 0: there are no letters. */
static uint64_t take_letters(gl_str *rest)
{
    uint64_t column = 0;
    while (rest->len > 0 && rest->ptr[0] >= 'A' && rest->ptr[0] <= 'Z' && column < 100000) {
        column = column * 26 + (uint64_t)(rest->ptr[0] - 'A' + 1);
        take(rest, (gl_str){rest->ptr, 1});
    }
    return column;
}

/* "cell=5,13", "row=5" (RFC 7111), "cell=M5" of a workbook; anything else is no place in a table. */
static place place_of(gl_str pointer)
{
    place at = {0};
    skip_name(&pointer, GL_STR("entry="));
    skip_name(&pointer, GL_STR("sheet="));
    bool cell = take(&pointer, GL_STR("cell="));
    if (!cell && !take(&pointer, GL_STR("row=")))
        return at;
    at.column = cell ? take_letters(&pointer) : 0;
    bool good = take_number(&pointer, &at.row);
    if (good && cell && at.column == 0)
        good = take(&pointer, GL_STR(",")) && take_number(&pointer, &at.column);
    return good && pointer.len == 0 ? at : (place){0};
}

static gl_str status_of(const gl_answer *answer)
{
    if (answer->looked_at)
        return answer->taken ? GL_STR("valid") : GL_STR("invalid");
    return answer->taken ? GL_STR("accepted") : GL_STR("rejected");
}

static void add_line(gl_buf *buf, const gl_answer *answer, const gl_rejection_validation_error *error)
{
    static const gl_rejection_validation_error none;
    const gl_rejection_validation_error *e = error == NULL ? &none : error;
    place at = place_of(e->pointer);
    bool named = at.column > 0 && at.column <= answer->columns.count;
    bool fatal = error != NULL && error->severity == GL_REJECTION_SEVERITY_ERROR;
    add_cell(buf, answer->lrn);
    next_cell(buf, answer->mrn);
    next_cell(buf, status_of(answer));
    next_number(buf, at.row);
    next_number(buf, at.column);
    next_cell(buf, named ? answer->columns.names[at.column - 1] : GL_STR(""));
    next_cell(buf, e->code);
    next_cell(buf, error == NULL ? GL_STR("") : fatal ? GL_STR("error") : GL_STR("warning"));
    next_cell(buf, e->value);
    next_cell(buf, e->allowed);
    next_cell(buf, e->text);
    next_cell(buf, e->hint);
    next_number(buf, (uint64_t)answer->position);
    next_cell(buf, e->pointer);
    gl_buf_text(buf, "\r\n");
}

void gl_answer_csv(gl_answer_writer *writer, const gl_answer *answer)
{
    for (size_t i = 0; i < answer->error_count; i++)
        add_line(writer->buf, answer, &answer->errors[i]);
    if (answer->error_count == 0)
        add_line(writer->buf, answer, NULL);
}
