/* See split.h. */
#include "cli/split.h"

#include <stdlib.h>

#include "base/arena.h"
#include "ingest/formats/json/split.h"
#include "io/rfc4180.h"

/* ---- CSV ---- */

static gl_csv csv_at(const gl_split *split)
{
    gl_csv csv;
    gl_csv_begin(&csv, split->source, split->rule.delimiter, false);
    if (split->at > 0)
        csv.offset = split->at;
    csv.row = split->row;
    return csv;
}

static bool find_lrn_columns(gl_split *split, const gl_csv_row *header)
{
    for (size_t i = 0; i < split->rule.lrn_count; i++) {
        size_t column = 0;
        while (column < header->count && !gl_str_eq(gl_str_trim(header->cells[column]), split->rule.lrn[i]))
            column++;
        if (column == header->count)
            return false;
        split->lrn_at[i] = column;
    }
    return true;
}

static bool begin_csv(gl_split *split, const gl_split_rule *rule)
{
    if (rule == NULL || rule->lrn_count > GL_SPLIT_LRN_COLUMNS)
        return false;
    split->rule = *rule;
    split->scratch = gl_arena_new(1 << 16);
    gl_csv_row *header = GL_NEW(split->scratch, gl_csv_row);
    gl_csv csv = csv_at(split);
    if (!gl_csv_next(&csv, split->scratch, header) || header->error != NULL || !find_lrn_columns(split, header))
        return false;
    split->head = (gl_str){split->source.ptr, csv.offset};
    split->at = csv.offset;
    split->row = split->header_row = csv.row;
    return true;
}

static void copy_lrn(const gl_split *split, const gl_csv_row *row, gl_buf *lrn)
{
    lrn->len = 0;
    for (size_t i = 0; row->error == NULL && i < split->rule.lrn_count; i++) {
        if (split->lrn_at[i] < row->count)
            gl_buf_str(lrn, gl_str_trim(row->cells[split->lrn_at[i]]));
        gl_buf_byte(lrn, '\n');
    }
}

static void next_csv(gl_split *split, int64_t limit, gl_part *part)
{
    size_t begin = split->at;
    gl_buf lrn = {0}, before = {0};
    part->rows_before = split->row - split->header_row;
    gl_csv csv = csv_at(split);
    for (;;) {
        gl_arena_reset(split->scratch);
        gl_csv_row *row = GL_NEW(split->scratch, gl_csv_row);
        if (!gl_csv_next(&csv, split->scratch, row)) {
            split->at = split->source.len;
            break;
        }
        copy_lrn(split, row, &lrn);
        bool same =
            split->rule.group && part->count > 0 && lrn.len > 0 && gl_str_eq(gl_buf_view(&lrn), gl_buf_view(&before));
        if (!same && (part->count == limit || split->at - begin > GL_SPLIT_LIMIT_BYTES))
            break;
        part->count += !same;
        split->at = csv.offset;
        split->row = csv.row;
        gl_buf other = before;
        before = lrn;
        lrn = other;
    }
    gl_buf_free(&lrn);
    gl_buf_free(&before);
}

/* ---- JSON ---- */

/* Behind the value at `at` and the comma after it; `*last`: the array ends here. false: not so. */
static bool skip_element(gl_str source, size_t *at, bool *last)
{
    size_t i = gl_json_space(source, *at);
    if (!gl_json_split(source, &i))
        return false;
    i = gl_json_space(source, i);
    if (i >= source.len || (source.ptr[i] != ',' && source.ptr[i] != ']'))
        return false;
    *last = source.ptr[i] == ']';
    *at = i + 1;
    return true;
}

/* Only a well-formed array is split: what is wrong with another one ingest says better. */
static bool begin_json(gl_split *split)
{
    gl_str source = split->source;
    size_t at = gl_str_starts(source, GL_STR("\xEF\xBB\xBF")) ? 3 : 0;
    at = gl_json_space(source, at);
    if (at >= source.len || source.ptr[at] != '[')
        return false;
    size_t first = at + 1;
    bool last = false;
    for (at = first; !last;)
        if (!skip_element(source, &at, &last))
            return false;
    if (gl_json_space(source, at) != source.len)
        return false;
    split->source.len = at - 1; /* without the bracket */
    split->at = first;
    split->head = GL_STR("[");
    split->tail = GL_STR("]");
    return true;
}

static size_t next_json(gl_split *split, int64_t limit, gl_part *part)
{
    gl_str source = {split->source.ptr, split->source.len + 1};
    size_t begin = split->at, end = begin;
    bool last = false;
    while (!last && part->count < limit && split->at - begin <= GL_SPLIT_LIMIT_BYTES) {
        if (!skip_element(source, &split->at, &last))
            break;
        end = split->at - 1; /* without the comma or bracket */
        part->count++;
    }
    if (last)
        split->at = split->source.len;
    return end;
}

/* ---- NDJSON ---- */

static void next_lines(gl_split *split, int64_t limit, gl_part *part)
{
    size_t begin = split->at;
    while (split->at < split->source.len && part->count < limit && split->at - begin <= GL_SPLIT_LIMIT_BYTES) {
        const char *line = split->source.ptr + split->at;
        const char *end = memchr(line, '\n', split->source.len - split->at);
        split->at = end == NULL ? split->source.len : (size_t)(end - split->source.ptr) + 1;
        part->count += gl_str_trim((gl_str){line, (size_t)(split->source.ptr + split->at - line)}).len > 0;
    }
}

/* ---- all ---- */

void gl_split_begin(gl_split *split, gl_format format, gl_str source, const gl_split_rule *rule)
{
    *split = (gl_split){.format = format, .source = source, .position = 1};
    bool can = format == GL_FORMAT_NDJSON || (format == GL_FORMAT_CSV && begin_csv(split, rule)) ||
               (format == GL_FORMAT_JSON && begin_json(split));
    split->whole = !can;
}

void gl_split_end(gl_split *split)
{
    gl_arena_destroy(split->scratch);
    split->scratch = NULL;
}

bool gl_split_next(gl_split *split, int64_t limit, gl_part *part)
{
    bool first = split->position == 1 && split->at <= split->head.len;
    if (split->at >= split->source.len && !first)
        return false;
    size_t begin = split->at;
    *part = (gl_part){.position = split->position};
    size_t end = split->source.len;
    if (split->whole) {
        split->at = split->source.len;
        part->count = 1;
    } else if (split->format == GL_FORMAT_JSON) {
        end = next_json(split, limit, part);
    } else if (split->format == GL_FORMAT_CSV) {
        next_csv(split, limit, part);
        end = split->at;
    } else {
        next_lines(split, limit, part);
        end = split->at;
    }
    split->position += part->count > 0 ? part->count : 1;
    part->bytes = (gl_str){split->source.ptr + begin, end - begin};
    return true;
}

void gl_split_rebase(const gl_split *split, const gl_part *part, gl_str answer, gl_buf *out)
{
    bool csv = split->format == GL_FORMAT_CSV;
    gl_str mark = csv ? GL_STR("\"pointer\":\"cell=") : GL_STR("\"pointer\":\"/");
    int64_t more = csv ? part->rows_before : part->position - 1;
    bool needed = more > 0 && !split->whole && (csv || split->format == GL_FORMAT_JSON);
    const char *at = answer.ptr, *end = answer.ptr + answer.len;
    while (needed && at < end) {
        const char *found = memmem(at, (size_t)(end - at), mark.ptr, mark.len);
        if (found == NULL)
            break;
        const char *number = found + mark.len;
        int64_t value = 0;
        const char *rest = number;
        for (; rest < end && *rest >= '0' && *rest <= '9' && rest - number < 12; rest++)
            value = value * 10 + (*rest - '0');
        gl_buf_bytes(out, at, (size_t)(number - at));
        if (rest > number)
            gl_buf_printf(out, "%lld", (long long)value + more);
        at = rest;
    }
    gl_buf_bytes(out, at, (size_t)(end - at));
}
