/* See metrics.h. A family is one metric; its series hang on a list that only grows, so pointers stay valid.
 *
 * Always holds: a histogram's count is the sum of its buckets, so that le="+Inf" and _count agree in every rendering;
 * series per family <= GL_METRIC_SERIES_LIMIT + 1 (the last one takes what exceeds the limit).
 * A wrong definition is a programming error and aborts at the first use, which every test run passes.
 */
#include "base/metrics.h"

#include "base/log.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { CACHE_LINE_BYTES = 64 };

struct gl_series {
    struct gl_series *next;
    const gl_metric_def *def;
    char *values[GL_METRIC_LABELS]; /* owned; NULL for labels not used */
    int bucket_count;
    bool hidden; /* atomic access */
    /* COUNTER: counts[0]. HISTOGRAM: observations of each bucket, the one above all bounds last. */
    uint64_t counts[GL_METRIC_BUCKETS + 1]; /* atomic access */
    /* GAUGE: value, HISTOGRAM: sum, COUNTER: the total that is kept elsewhere; the bits of a double; atomic access */
    uint64_t value_bits;
};

typedef struct family {
    struct family *next;
    const gl_metric_def *def;
    gl_series *first, *last;
    gl_series *overflow; /* NULL until the limit is reached */
    size_t count;
} family;

struct gl_metrics {
    pthread_mutex_t mutex;
    family *first, *last; /* under mutex */
};

static void wrong(const gl_metric_def *def, const char *what)
{
    fprintf(stderr, "greenlane: metric %s: %s\n", def->name == NULL ? "(no name)" : def->name, what);
    abort();
}

static void *zeroed(size_t size)
{
    void *p = aligned_alloc(CACHE_LINE_BYTES, (size + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES * CACHE_LINE_BYTES);
    if (p == NULL) {
        fputs("greenlane: out of memory\n", stderr);
        abort();
    }
    return memset(p, 0, size);
}

gl_metrics *gl_metrics_new(void)
{
    gl_metrics *metrics = zeroed(sizeof *metrics);
    pthread_mutex_init(&metrics->mutex, NULL);
    return metrics;
}

static void series_destroy(gl_series *series)
{
    for (size_t i = 0; i < GL_METRIC_LABELS; i++)
        free(series->values[i]);
    free(series);
}

static void family_destroy(family *f)
{
    for (gl_series *s = f->first; s != NULL;) {
        gl_series *next = s->next;
        series_destroy(s);
        s = next;
    }
    free(f);
}

void gl_metrics_destroy(gl_metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (family *f = metrics->first; f != NULL;) {
        family *next = f->next;
        family_destroy(f);
        f = next;
    }
    pthread_mutex_destroy(&metrics->mutex);
    free(metrics);
}

/* Prometheus data model: [a-zA-Z_:][a-zA-Z0-9_:]*, label names without colons. */
static bool is_name(const char *name, bool colons)
{
    if (name[0] == '\0' || (name[0] >= '0' && name[0] <= '9'))
        return false;
    for (const char *p = name; *p != '\0'; p++) {
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_' || (colons && *p == ':');
        if (!letter && !(*p >= '0' && *p <= '9'))
            return false;
    }
    return true;
}

static size_t label_count(const gl_metric_def *def)
{
    size_t n = 0;
    while (n < GL_METRIC_LABELS && def->labels[n] != NULL)
        n++;
    return n;
}

static int bucket_count(const gl_metric_def *def)
{
    int n = 0;
    while (n < GL_METRIC_BUCKETS && def->buckets[n] != 0)
        n++;
    return n;
}

static void check_labels(const gl_metric_def *def)
{
    size_t labels = label_count(def);
    for (size_t i = 0; i < labels; i++) {
        if (!is_name(def->labels[i], false) || strncmp(def->labels[i], "__", 2) == 0)
            wrong(def, "a label's name is not allowed");
        if (def->type == GL_HISTOGRAM && strcmp(def->labels[i], "le") == 0)
            wrong(def, "the label le belongs to the buckets");
        for (size_t j = 0; j < i; j++)
            if (strcmp(def->labels[i], def->labels[j]) == 0)
                wrong(def, "a label is named twice");
    }
}

static void check_def(const gl_metric_def *def)
{
    if (def->name == NULL || !is_name(def->name, true))
        wrong(def, "the name is not allowed");
    size_t len = strlen(def->name);
    if (def->type == GL_COUNTER && (len < 6 || strcmp(def->name + len - 6, "_total") != 0))
        wrong(def, "a counter's name ends in _total");
    if (def->help == NULL || def->help[0] == '\0')
        wrong(def, "no help");
    check_labels(def);
    int buckets = bucket_count(def);
    if (def->type == GL_HISTOGRAM && buckets == 0)
        wrong(def, "a histogram needs buckets");
    for (int i = 1; i < buckets; i++)
        if (!(def->buckets[i] > def->buckets[i - 1]))
            wrong(def, "the buckets do not rise");
}

static bool same_shape(const gl_metric_def *a, const gl_metric_def *b)
{
    if (a->type != b->type || label_count(a) != label_count(b))
        return false;
    for (size_t i = 0; i < label_count(a); i++)
        if (strcmp(a->labels[i], b->labels[i]) != 0)
            return false;
    for (int i = 0; i < GL_METRIC_BUCKETS; i++)
        if (a->buckets[i] != b->buckets[i])
            return false;
    return true;
}

/* Locks: mutex. */
static family *find_family(gl_metrics *metrics, const gl_metric_def *def)
{
    for (family *f = metrics->first; f != NULL; f = f->next) {
        if (f->def == def)
            return f;
        if (def->name != NULL && strcmp(f->def->name, def->name) == 0) {
            if (!same_shape(f->def, def))
                wrong(def, "defined twice, and differently");
            return f;
        }
    }
    check_def(def);
    family *f = zeroed(sizeof *f);
    f->def = def;
    if (metrics->last == NULL)
        metrics->first = f;
    else
        metrics->last->next = f;
    metrics->last = f;
    return f;
}

static gl_series *add_series(family *f, const char *const *values, size_t labels)
{
    gl_series *series = zeroed(sizeof *series);
    series->def = f->def;
    series->bucket_count = bucket_count(f->def);
    for (size_t i = 0; i < labels; i++) {
        series->values[i] = strdup(values[i] == NULL ? "" : values[i]);
        if (series->values[i] == NULL)
            abort();
    }
    if (f->last == NULL)
        f->first = series;
    else
        f->last->next = series;
    f->last = series;
    f->count++;
    return series;
}

static bool has_values(const gl_series *series, const char *const *values, size_t labels)
{
    for (size_t i = 0; i < labels; i++)
        if (strcmp(series->values[i], values[i] == NULL ? "" : values[i]) != 0)
            return false;
    return true;
}

/* Locks: mutex. */
static gl_series *find_series(family *f, const char *const *values, bool *full)
{
    size_t labels = label_count(f->def);
    for (gl_series *s = f->first; s != NULL; s = s->next)
        if (has_values(s, values, labels))
            return s;
    if (f->count < GL_METRIC_SERIES_LIMIT)
        return add_series(f, values, labels);
    if (f->overflow == NULL) {
        static const char *const others[GL_METRIC_LABELS] = {"other", "other", "other", "other"};
        f->overflow = add_series(f, others, labels);
        *full = true;
    }
    return f->overflow;
}

gl_series *gl_metrics_series(gl_metrics *metrics, const gl_metric_def *def, const char *const values[GL_METRIC_LABELS])
{
    static const char *const none[GL_METRIC_LABELS] = {NULL};
    bool full = false;
    pthread_mutex_lock(&metrics->mutex);
    gl_series *series = find_series(find_family(metrics, def), values == NULL ? none : values, &full);
    __atomic_store_n(&series->hidden, false, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&metrics->mutex);
    if (full)
        gl_log(GL_LOG_WARN, "metric-series-limit", "%s has more than %d series; the rest is counted as \"other\"",
               def->name, GL_METRIC_SERIES_LIMIT);
    return series;
}

void gl_series_remove(gl_series *series)
{
    __atomic_store_n(&series->hidden, true, __ATOMIC_RELAXED);
}

gl_series *gl_metrics_info(gl_metrics *metrics, const gl_metric_def *def, const char *const values[GL_METRIC_LABELS],
                           gl_series *before)
{
    gl_series *series = gl_metrics_series(metrics, def, values);
    gl_series_set(series, 1);
    if (before != NULL && before != series)
        gl_series_remove(before);
    return series;
}

static void need(const gl_series *series, gl_metric_type type)
{
    if (series->def->type != type)
        wrong(series->def, "used as another type");
}

static uint64_t to_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void gl_series_add(gl_series *series, uint64_t amount)
{
    need(series, GL_COUNTER);
    __atomic_fetch_add(&series->counts[0], amount, __ATOMIC_RELAXED);
}

void gl_series_set_total(gl_series *series, double total)
{
    need(series, GL_COUNTER);
    __atomic_store_n(&series->value_bits, to_bits(total), __ATOMIC_RELAXED);
}

void gl_series_set(gl_series *series, double value)
{
    need(series, GL_GAUGE);
    __atomic_store_n(&series->value_bits, to_bits(value), __ATOMIC_RELAXED);
}

void gl_series_observe(gl_series *series, double value)
{
    need(series, GL_HISTOGRAM);
    /* One NaN would spoil the sum for ever. */
    if (isnan(value))
        return;
    int bucket = 0;
    while (bucket < series->bucket_count && value > series->def->buckets[bucket])
        bucket++;
    __atomic_fetch_add(&series->counts[bucket], 1, __ATOMIC_RELAXED);
    uint64_t old = __atomic_load_n(&series->value_bits, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&series->value_bits, &old, to_bits(from_bits(old) + value), true,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

uint64_t gl_series_count(const gl_series *series)
{
    uint64_t total = 0;
    int last = series->def->type == GL_HISTOGRAM ? series->bucket_count : 0;
    for (int i = 0; i <= last; i++)
        total += __atomic_load_n(&series->counts[i], __ATOMIC_RELAXED);
    return total;
}

double gl_series_value(const gl_series *series)
{
    return from_bits(__atomic_load_n(&series->value_bits, __ATOMIC_RELAXED));
}

/* The shortest of two forms that reads back as the same double. */
static void put_double(gl_buf *buf, double value)
{
    if (isnan(value)) {
        gl_buf_text(buf, "NaN");
        return;
    }
    if (isinf(value)) {
        gl_buf_text(buf, value > 0 ? "+Inf" : "-Inf");
        return;
    }
    char text[40];
    snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) != value)
        snprintf(text, sizeof text, "%.17g", value);
    gl_buf_text(buf, text);
}

/* Escapes as the text format wants, quotes in label values only; what is no UTF-8 becomes U+FFFD. */
static void put_escaped(gl_buf *buf, gl_str s, bool quotes)
{
    while (s.len > 0) {
        size_t good = s.len;
        bool valid = gl_str_is_utf8(s, &good);
        for (size_t i = 0; i < good; i++) {
            if (s.ptr[i] == '\\' || (quotes && s.ptr[i] == '"'))
                gl_buf_byte(buf, '\\');
            if (s.ptr[i] == '\n')
                gl_buf_text(buf, "\\n");
            else
                gl_buf_byte(buf, (uint8_t)s.ptr[i]);
        }
        if (valid)
            return;
        gl_buf_text(buf, "\xEF\xBF\xBD");
        s.ptr += good + 1;
        s.len -= good + 1;
    }
}

/* name_suffix{a="b",le="0.5"}, and the space before the value. `bound` NULL: no le. */
static void put_series_name(gl_buf *buf, const gl_series *series, const char *suffix, const double *bound)
{
    const gl_metric_def *def = series->def;
    size_t labels = label_count(def);
    gl_buf_printf(buf, "%s%s", def->name, suffix);
    for (size_t i = 0; i < labels; i++) {
        gl_buf_printf(buf, "%c%s=\"", i == 0 ? '{' : ',', def->labels[i]);
        put_escaped(buf, gl_str_of(series->values[i]), true);
        gl_buf_byte(buf, '"');
    }
    if (bound != NULL) {
        gl_buf_printf(buf, "%cle=\"", labels == 0 ? '{' : ',');
        put_double(buf, *bound);
        gl_buf_byte(buf, '"');
    }
    gl_buf_text(buf, labels > 0 || bound != NULL ? "} " : " ");
}

static void put_histogram(gl_buf *buf, const gl_series *series)
{
    uint64_t total = 0;
    for (int i = 0; i <= series->bucket_count; i++) {
        double bound = i < series->bucket_count ? series->def->buckets[i] : INFINITY;
        total += __atomic_load_n(&series->counts[i], __ATOMIC_RELAXED);
        put_series_name(buf, series, "_bucket", &bound);
        gl_buf_printf(buf, "%" PRIu64 "\n", total);
    }
    put_series_name(buf, series, "_sum", NULL);
    put_double(buf, gl_series_value(series));
    gl_buf_byte(buf, '\n');
    put_series_name(buf, series, "_count", NULL);
    gl_buf_printf(buf, "%" PRIu64 "\n", total);
}

static void put_series(gl_buf *buf, const gl_series *series)
{
    if (series->def->type == GL_HISTOGRAM) {
        put_histogram(buf, series);
        return;
    }
    put_series_name(buf, series, "", NULL);
    if (series->def->type == GL_COUNTER && gl_series_value(series) == 0)
        gl_buf_printf(buf, "%" PRIu64, gl_series_count(series));
    else
        put_double(buf, gl_series_value(series));
    gl_buf_byte(buf, '\n');
}

static const char *type_name(gl_metric_type type)
{
    return type == GL_COUNTER ? "counter" : type == GL_GAUGE ? "gauge" : "histogram";
}

void gl_metrics_render(gl_metrics *metrics, gl_buf *buf)
{
    pthread_mutex_lock(&metrics->mutex);
    for (const family *f = metrics->first; f != NULL; f = f->next) {
        bool introduced = false;
        for (const gl_series *s = f->first; s != NULL; s = s->next) {
            if (__atomic_load_n(&s->hidden, __ATOMIC_RELAXED))
                continue;
            if (!introduced) {
                gl_buf_printf(buf, "# HELP %s ", f->def->name);
                put_escaped(buf, gl_str_of(f->def->help), false);
                gl_buf_printf(buf, "\n# TYPE %s %s\n", f->def->name, type_name(f->def->type));
                introduced = true;
            }
            put_series(buf, s);
        }
    }
    pthread_mutex_unlock(&metrics->mutex);
}

void gl_metrics_document(const gl_metric_def *defs, size_t count, gl_buf *buf)
{
    for (size_t i = 0; i < count; i++) {
        const gl_metric_def *def = &defs[i];
        gl_buf_printf(buf, "| `%s` | %s | ", def->name, type_name(def->type));
        for (size_t j = 0; j < label_count(def); j++)
            gl_buf_printf(buf, "%s`%s`", j == 0 ? "" : ", ", def->labels[j]);
        gl_buf_text(buf, label_count(def) == 0 ? "| " : " | ");
        for (const char *p = def->help; *p != '\0'; p++) {
            if (*p == '|')
                gl_buf_byte(buf, '\\');
            gl_buf_byte(buf, *p == '\n' ? ' ' : (uint8_t)*p);
        }
        gl_buf_text(buf, " |\n");
    }
}
