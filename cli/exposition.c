/* See exposition.h. */
#include "cli/exposition.h"

#include <math.h>
#include <stdlib.h>

#include "base/buf.h"

enum { NUMBER_BYTES = 64 };

typedef struct reader {
    gl_arena *arena;
    const char *at, *end;
    size_t line;
} reader;

static bool wrong(const reader *r, const char *what, gl_err *err)
{
    return gl_fail(err, GL_FATAL, "exposition-syntax", "line %zu: %s", r->line, what);
}

static bool is_name(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || (!first && c >= '0' && c <= '9');
}

static gl_str take_name(reader *r)
{
    const char *from = r->at;
    while (r->at < r->end && is_name(*r->at, r->at == from))
        r->at++;
    return (gl_str){from, (size_t)(r->at - from)};
}

static void skip_spaces(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
        r->at++;
}

static bool take(reader *r, char c)
{
    skip_spaces(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* Without its escapes: \\, \" and \n. */
static gl_str unescaped(gl_arena *arena, gl_str text)
{
    if (memchr(text.ptr, '\\', text.len) == NULL)
        return text;
    char *out = gl_arena_alloc(arena, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool escape = text.ptr[i] == '\\' && i + 1 < text.len;
        i += escape;
        out[len++] = escape && text.ptr[i] == 'n' ? '\n' : text.ptr[i];
    }
    return (gl_str){out, len};
}

/* After the opening quote. */
static bool take_value(reader *r, gl_str *value, gl_err *err)
{
    const char *from = r->at;
    while (r->at < r->end && *r->at != '"')
        r->at += *r->at == '\\' && r->at + 1 < r->end ? 2 : 1;
    if (r->at >= r->end)
        return wrong(r, "a label's value has no end", err);
    *value = unescaped(r->arena, (gl_str){from, (size_t)(r->at - from)});
    r->at++;
    return true;
}

/* After the opening brace. */
static bool take_labels(reader *r, gl_sample *sample, gl_err *err)
{
    while (!take(r, '}')) {
        if (sample->label_count == GL_EXPOSITION_LABELS)
            return wrong(r, "too many labels", err);
        gl_sample_label *label = &sample->labels[sample->label_count];
        label->name = take_name(r);
        if (label->name.len == 0 || !take(r, '=') || !take(r, '"'))
            return wrong(r, "a label is name=\"value\"", err);
        if (!take_value(r, &label->value, err))
            return false;
        sample->label_count++;
        if (!take(r, ',') && (r->at == r->end || *r->at != '}'))
            return wrong(r, "no } after the labels", err);
    }
    return true;
}

/* A time stamp may follow; it is not kept. */
static bool take_number(reader *r, double *value, gl_err *err)
{
    char text[NUMBER_BYTES];
    skip_spaces(r);
    size_t len = 0;
    while (r->at + len < r->end && r->at[len] != ' ' && r->at[len] != '\t')
        len++;
    if (len == 0 || len >= sizeof text)
        return wrong(r, "no value", err);
    memcpy(text, r->at, len);
    text[len] = '\0';
    char *end = NULL;
    *value = strtod(text, &end);
    return end == text + len ? true : wrong(r, "the value is no number", err);
}

static bool take_sample(reader *r, gl_sample *sample, gl_err *err)
{
    *sample = (gl_sample){.name = take_name(r)};
    if (sample->name.len == 0)
        return wrong(r, "no name", err);
    if (take(r, '{') && !take_labels(r, sample, err))
        return false;
    return take_number(r, &sample->value, err);
}

/* No more than there can be samples. */
static size_t count_lines(gl_str text)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.len && lines < GL_EXPOSITION_SAMPLES; i++)
        lines += text.ptr[i] == '\n';
    return lines;
}

static bool too_many(gl_err *err)
{
    return gl_fail(err, GL_FATAL, "exposition-limit", "more than %d samples", GL_EXPOSITION_SAMPLES);
}

bool gl_exposition_parse(gl_arena *arena, gl_str text, gl_exposition *out, gl_err *err)
{
    *out = (gl_exposition){0};
    if (text.len > GL_EXPOSITION_LIMIT_BYTES)
        return gl_fail(err, GL_FATAL, "exposition-limit", "%zu bytes, at most %d", text.len, GL_EXPOSITION_LIMIT_BYTES);
    out->at = gl_arena_alloc(arena, count_lines(text) * sizeof *out->at);
    reader r = {.arena = arena};
    const char *end = text.ptr + text.len;
    for (const char *from = text.ptr; from < end;) {
        const char *stop = memchr(from, '\n', (size_t)(end - from));
        r.at = from;
        r.end = stop == NULL ? end : stop;
        r.line++;
        from = r.end + 1;
        if (r.end > r.at && r.end[-1] == '\r')
            r.end--;
        skip_spaces(&r);
        if (r.at == r.end || *r.at == '#')
            continue;
        if (out->count == GL_EXPOSITION_SAMPLES ? !too_many(err) : !take_sample(&r, &out->at[out->count], err)) {
            *out = (gl_exposition){0};
            return false;
        }
        out->count++;
    }
    return true;
}

gl_str gl_sample_label_of(const gl_sample *sample, const char *label)
{
    for (size_t i = 0; i < sample->label_count; i++)
        if (gl_str_eqz(sample->labels[i].name, label))
            return sample->labels[i].value;
    return (gl_str){NULL, 0};
}

static bool is_meant(const gl_sample *sample, const char *name, const char *label, const char *value)
{
    return gl_str_eqz(sample->name, name) && (label == NULL || gl_str_eqz(gl_sample_label_of(sample, label), value));
}

double gl_exposition_sum(const gl_exposition *all, const char *name, const char *label, const char *value)
{
    double sum = 0;
    for (size_t i = 0; i < all->count; i++)
        if (is_meant(&all->at[i], name, label, value) && !isnan(all->at[i].value))
            sum += all->at[i].value;
    return sum;
}

double gl_exposition_max(const gl_exposition *all, const char *name)
{
    double greatest = 0;
    for (size_t i = 0; i < all->count; i++)
        if (gl_str_eqz(all->at[i].name, name) && all->at[i].value > greatest)
            greatest = all->at[i].value;
    return greatest;
}

gl_str gl_exposition_text(const gl_exposition *all, const char *name, const char *label)
{
    for (size_t i = 0; i < all->count; i++)
        if (gl_str_eqz(all->at[i].name, name))
            return gl_sample_label_of(&all->at[i], label);
    return (gl_str){NULL, 0};
}

/* -- Histograms
 * ----------------------------------------------------------------------------------------------------------- */

/* The place of this bound, made where there is none; NULL: there is no room. */
static double *count_at(gl_histogram *h, double bound)
{
    size_t i = 0;
    while (i < h->count && h->bounds[i] < bound)
        i++;
    if (i < h->count && !(h->bounds[i] > bound))
        return &h->counts[i];
    if (h->count == GL_EXPOSITION_BUCKETS)
        return NULL;
    memmove(&h->bounds[i + 1], &h->bounds[i], (h->count - i) * sizeof *h->bounds);
    memmove(&h->counts[i + 1], &h->counts[i], (h->count - i) * sizeof *h->counts);
    h->bounds[i] = bound;
    h->counts[i] = 0;
    h->count++;
    return &h->counts[i];
}

static bool bound_of(const gl_sample *sample, double *bound)
{
    char text[NUMBER_BYTES];
    gl_str le = gl_sample_label_of(sample, "le");
    if (le.len == 0 || le.len >= sizeof text)
        return false;
    memcpy(text, le.ptr, le.len);
    text[le.len] = '\0';
    char *end = NULL;
    *bound = strtod(text, &end);
    return end == text + le.len && !isnan(*bound);
}

void gl_histogram_add(gl_histogram *histogram, const gl_exposition *all, const char *name, const char *label,
                      const char *value, double share)
{
    gl_str wanted = gl_str_of(name);
    static const gl_str suffix = {"_bucket", 7};
    for (size_t i = 0; i < all->count; i++) {
        const gl_sample *sample = &all->at[i];
        double bound;
        if (sample->name.len != wanted.len + suffix.len || !gl_str_starts(sample->name, wanted) ||
            memcmp(sample->name.ptr + wanted.len, suffix.ptr, suffix.len) != 0 || isnan(sample->value) ||
            (label != NULL && !gl_str_eqz(gl_sample_label_of(sample, label), value)) || !bound_of(sample, &bound))
            continue;
        double *count = count_at(histogram, bound);
        if (count != NULL)
            *count += share * sample->value;
    }
}

double gl_histogram_total(const gl_histogram *histogram)
{
    return histogram->count == 0 ? 0 : histogram->counts[histogram->count - 1];
}

double gl_histogram_quantile(const gl_histogram *histogram, double quantile)
{
    double total = gl_histogram_total(histogram);
    if (!(total > 0))
        return -1;
    double rank = quantile * total;
    size_t i = 0;
    while (i + 1 < histogram->count && histogram->counts[i] < rank)
        i++;
    if (isinf(histogram->bounds[i]))
        return i == 0 ? -1 : histogram->bounds[i - 1];
    double below = i == 0 ? 0 : histogram->counts[i - 1], low = i == 0 ? 0 : histogram->bounds[i - 1];
    double within = histogram->counts[i] - below;
    return within > 0 ? low + (histogram->bounds[i] - low) * (rank - below) / within : histogram->bounds[i];
}
