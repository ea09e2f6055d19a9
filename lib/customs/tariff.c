/* See tariff.h. */
#include "customs/tariff.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "customs/ids.h"
#include "customs/tariff_read.h"
#include "io/unpack.h"

enum { DIGEST_BYTES = 4 };

const char *const gl_tariff_format_names[GL_TARIFF_FORMATS + 1] = {
    [GL_TARIFF_CSV] = "csv",
    [GL_TARIFF_UK_GLOBAL] = "uk-global-tariff",
    [GL_TARIFF_UK_GLOBAL_CET] = "uk-global-tariff-cet",
    [GL_TARIFF_US_HTS] = "us-hts",
};

/* Of the lines with the same six digits; the last one is behind them all. */
typedef struct subheading {
    uint32_t number; /* the six digits */
    uint32_t first;  /* index of its first line */
} subheading;

struct gl_tariff {
    gl_arena *arena;
    gl_tariff_line *lines; /* by code */
    size_t count;
    subheading *subheadings; /* in the arena, by number: lines are large, and a search among them is one cache miss
                              * after the other */
    size_t subheading_count;
    gl_tariff_counts counts;
    char name[GL_TARIFF_LIMIT_NAME_CHARS + 1];
    char version[GL_TARIFF_LIMIT_NAME_CHARS + 1 + 2 * DIGEST_BYTES + 1];
};

bool gl_tariff_is_name(gl_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return name.len > 0 && name.len <= GL_TARIFF_LIMIT_NAME_CHARS;
}

static int by_code(const void *a, const void *b)
{
    return strcmp(((const gl_tariff_line *)a)->code, ((const gl_tariff_line *)b)->code);
}

/* ---- what follows from all lines ---- */

static bool is_above(const gl_tariff_line *line, const gl_tariff_line *other)
{
    return line->digits < other->digits && memcmp(line->code, other->code, line->digits) == 0;
}

/* Lines in order; a line without a rate has that of the nearest one above it that has one. */
static bool finish_lines(gl_tariff *tariff, gl_err *err)
{
    const gl_tariff_line *above[GL_TARIFF_CODE_DIGITS]; /* with a rate */
    size_t depth = 0;

    if (tariff->count == 0)
        return gl_fail(err, GL_FATAL, "tariff-invalid", "there is no line of six digits or more");
    qsort(tariff->lines, tariff->count, sizeof *tariff->lines, by_code);
    for (size_t i = 0; i < tariff->count; i++) {
        gl_tariff_line *line = &tariff->lines[i], *next = i + 1 < tariff->count ? line + 1 : NULL;
        if (next != NULL && strcmp(line->code, next->code) == 0)
            return gl_fail(err, GL_FATAL, "tariff-invalid", "the code %s is there twice", line->code);
        while (depth > 0 && !is_above(above[depth - 1], line))
            depth--;
        if (line->rate.len == 0 && depth > 0)
            line->rate = above[depth - 1]->rate;
        if (line->rate.len > 0)
            above[depth++] = line;
        line->duty = gl_duty_parse(line->rate);
        line->declarable = next == NULL || !is_above(line, next);
        tariff->counts.declarable += line->declarable;
        tariff->counts.rates[line->duty.kind] += line->declarable;
    }
    tariff->counts.lines = tariff->count;
    return true;
}

static uint32_t number_of(const char *code)
{
    uint32_t number = 0;
    for (size_t i = 0; i < GL_TARIFF_SUBHEADING_DIGITS; i++)
        number = number * 10 + (uint32_t)(code[i] - '0');
    return number;
}

static void index_subheadings(gl_tariff *tariff)
{
    tariff->subheadings = gl_arena_alloc(tariff->arena, (tariff->count + 1) * sizeof *tariff->subheadings);
    for (size_t i = 0; i < tariff->count; i++) {
        uint32_t number = number_of(tariff->lines[i].code);
        if (tariff->subheading_count == 0 || tariff->subheadings[tariff->subheading_count - 1].number != number)
            tariff->subheadings[tariff->subheading_count++] = (subheading){number, (uint32_t)i};
    }
    tariff->subheadings[tariff->subheading_count] = (subheading){UINT32_MAX, (uint32_t)tariff->count};
}

static void name_version(gl_tariff *tariff, gl_str name, gl_str bytes)
{
    uint8_t digest[GL_SHA256_BYTES];
    size_t len = name.len;

    memcpy(tariff->name, name.ptr, len);
    memcpy(tariff->version, name.ptr, len);
    tariff->version[len] = '/';
    gl_sha256(bytes, digest);
    gl_hex(digest, DIGEST_BYTES, tariff->version + len + 1);
}

/* ---- reading ---- */

static gl_tariff *read_plain(gl_str name, gl_tariff_format format, gl_str bytes, gl_err *err)
{
    gl_tariff *tariff = calloc(1, sizeof *tariff);

    if (tariff == NULL)
        abort();
    tariff->arena = gl_arena_new(0);
    gl_tariff_rows rows = {.arena = tariff->arena};
    bool good = gl_tariff_read(&rows, format, bytes, err);
    tariff->lines = rows.at;
    tariff->count = rows.count;
    tariff->counts = rows.counts;
    if (!good || !finish_lines(tariff, err)) {
        gl_tariff_destroy(tariff);
        return NULL;
    }
    index_subheadings(tariff);
    name_version(tariff, name, bytes);
    return tariff;
}

gl_tariff *gl_tariff_parse(gl_str name, gl_tariff_format format, gl_str bytes, gl_err *err)
{
    gl_unpack_room room = {.packed_bytes = bytes.len, .limit_bytes = GL_TARIFF_LIMIT_BYTES};
    gl_buf plain = {0};
    gl_tariff *tariff = NULL;
    gl_err why = {0};

    if (!gl_tariff_is_name(name))
        gl_fail(err, GL_FATAL, "tariff-name", "a tariff's name is 1 to %d letters, digits and hyphens",
                GL_TARIFF_LIMIT_NAME_CHARS);
    else if (bytes.len > GL_TARIFF_LIMIT_BYTES)
        gl_fail(err, GL_FATAL, "tariff-too-large", "more than %d bytes", GL_TARIFF_LIMIT_BYTES);
    else if (!gl_is_gzip(bytes))
        tariff = read_plain(name, format, bytes, err);
    else if (!gl_gzip_read(bytes, &room, &plain, &why))
        gl_fail(err, GL_FATAL, "tariff-packed", "%s", why.message);
    else
        tariff = read_plain(name, format, gl_buf_view(&plain), err);
    gl_buf_free(&plain);
    return tariff;
}

gl_tariff *gl_tariff_open(const char *name, gl_tariff_format format, const char *path, gl_err *err)
{
    gl_buf bytes = {0};
    gl_tariff *tariff = NULL;

    if (!gl_buf_read_file(&bytes, path, GL_TARIFF_LIMIT_BYTES))
        gl_fail(err, GL_FATAL, "tariff-unreadable", "%s: %s", path, strerror(errno));
    else if ((tariff = gl_tariff_parse(gl_str_of(name), format, gl_buf_view(&bytes), err)) == NULL)
        gl_fail_context(err, "tariff %s, %s", name, path);
    gl_buf_free(&bytes);
    return tariff;
}

void gl_tariff_destroy(gl_tariff *tariff)
{
    if (tariff == NULL)
        return;
    gl_arena_destroy(tariff->arena);
    free(tariff->lines);
    free(tariff);
}

const char *gl_tariff_name(const gl_tariff *tariff)
{
    return tariff->name;
}

const char *gl_tariff_version(const gl_tariff *tariff)
{
    return tariff->version;
}

gl_tariff_counts gl_tariff_count(const gl_tariff *tariff)
{
    return tariff->counts;
}

/* ---- looking up ---- */

/* Lines from `low` up to the one before `high`. */
typedef struct range {
    size_t low, high;
} range;

/* Those that can begin with `prefix`: of its subheading, none, or (with fewer digits) all. */
static range around(const gl_tariff *tariff, gl_str prefix)
{
    size_t low = 0, high = tariff->subheading_count;

    if (prefix.len < GL_TARIFF_SUBHEADING_DIGITS)
        return (range){0, tariff->count};
    uint32_t number = number_of(prefix.ptr);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tariff->subheadings[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == tariff->subheading_count || tariff->subheadings[low].number != number) /* of what is no digit, any */
        return (range){0, 0};
    return (range){tariff->subheadings[low].first, tariff->subheadings[low + 1].first};
}

/* The first line that does not come before `prefix`, or (`behind`) before all codes that begin with it. */
static size_t bound(const gl_tariff *tariff, range in, gl_str prefix, bool behind)
{
    size_t low = in.low, high = in.high;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strncmp(tariff->lines[middle].code, prefix.ptr, prefix.len);
        if (order < 0 || (behind && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t gl_tariff_under(const gl_tariff *tariff, gl_str prefix, const gl_tariff_line **first)
{
    range in = around(tariff, prefix);
    size_t from = bound(tariff, in, prefix, false),
           end = bound(tariff, in, prefix, true); /* a longer one than any has none */
    *first = end > from ? &tariff->lines[from] : NULL;
    return end - from;
}

const gl_tariff_line *gl_tariff_find(const gl_tariff *tariff, gl_str code)
{
    size_t digits = code.len < GL_TARIFF_CODE_DIGITS ? code.len : GL_TARIFF_CODE_DIGITS;
    range in = around(tariff, code);

    for (; digits >= GL_TARIFF_SUBHEADING_DIGITS; digits--) {
        size_t at = bound(tariff, in, (gl_str){code.ptr, digits}, false);
        if (at < in.high && tariff->lines[at].digits == digits && memcmp(tariff->lines[at].code, code.ptr, digits) == 0)
            return &tariff->lines[at];
    }
    return NULL;
}
