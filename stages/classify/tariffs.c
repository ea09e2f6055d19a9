/* See tariffs.h. */
#include "classify/tariffs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

enum { DAY_BYTES = 16 };

static const gl_conf_entry entries[] = {
    {"name", GL_CONF_STRING, offsetof(gl_tariff_conf, name), NULL, GL_CONF_RELOADABLE | GL_CONF_REQUIRED, 0, 0, NULL,
     "What requests call it: 1 to 24 letters, digits and hyphens."},
    {"format", GL_CONF_ENUM, offsetof(gl_tariff_conf, format), "csv", GL_CONF_RELOADABLE, 0, 0, gl_tariff_format_names,
     "The file's format, also packed with gzip (docs/CLASSIFY.md)."},
    {"file", GL_CONF_STRING, offsetof(gl_tariff_conf, file), NULL, GL_CONF_RELOADABLE | GL_CONF_REQUIRED | GL_CONF_FILE,
     0, 0, NULL, "The file as the office publishes it."},
    {"valid_from", GL_CONF_STRING, offsetof(gl_tariff_conf, valid_from), "", GL_CONF_RELOADABLE, 0, 0, NULL,
     "The day (UTC) from which it holds, for example 2027-01-01. Of entries with one name the latest that holds is "
     "used. Empty: always."},
    {"countries", GL_CONF_STRINGS, offsetof(gl_tariff_conf, countries), NULL, GL_CONF_RELOADABLE, 0, 0, NULL,
     "Countries whose import declarations get national codes and the duty at stake by it in the stream's records, for "
     "example [GB]: that of the office of declaration, else that of the MRN; the entry that held when the declaration "
     "was accepted. Empty: those of the entry of this name before it; without one the stream does not use it."},
};
const gl_conf_table gl_tariff_conf_table = {
    "tariffs",
    "National tariffs: 8- and 10-digit codes and duty rates, for the HTTP service and, by country, for the stream. "
    "SIGHUP reads the files again, all or none. Requests for 8 digits in the form of the UK's parcel classifier are "
    "answered from the first one.",
    sizeof(gl_tariff_conf),
    true,
    entries,
    sizeof entries / sizeof entries[0]};

typedef struct entry {
    gl_national *national;
    int32_t from;    /* INT32_MIN: always */
    char *countries; /* two letters each, the heap's; NULL: none */
    size_t country_count;
} entry;

struct gl_tariffs {
    atomic_int references;
    entry at[GL_TARIFFS_LIMIT]; /* in the order of the list */
    size_t count;
};

static gl_str name_of(const entry *e)
{
    return gl_str_of(gl_tariff_name(gl_national_tariff(e->national)));
}

static bool read_day(const gl_tariff_conf *conf, int32_t *day, gl_err *err)
{
    *day = INT32_MIN;
    return conf->valid_from[0] == '\0' || gl_date_parse(gl_str_of(conf->valid_from), day) ||
           gl_fail(err, GL_FATAL, "conf-value", "tariffs.valid_from: \"%s\" is no day, for example 2027-01-01",
                   conf->valid_from);
}

/* ---- countries ---- */

static bool is_country(gl_str text)
{
    return text.len == GL_TARIFFS_COUNTRY_CHARS && text.ptr[0] >= 'A' && text.ptr[0] <= 'Z' && text.ptr[1] >= 'A' &&
           text.ptr[1] <= 'Z';
}

static gl_str country_at(const entry *e, size_t index)
{
    return (gl_str){e->countries + index * GL_TARIFFS_COUNTRY_CHARS, GL_TARIFFS_COUNTRY_CHARS};
}

static bool is_for(const entry *e, gl_str country)
{
    for (size_t i = 0; i < e->country_count; i++)
        if (gl_str_eq(country_at(e, i), country))
            return true;
    return false;
}

static void add_country(entry *e, gl_str country)
{
    char *grown = realloc(e->countries, (e->country_count + 1) * GL_TARIFFS_COUNTRY_CHARS);

    if (grown == NULL)
        abort();
    e->countries = grown;
    memcpy(e->countries + e->country_count++ * GL_TARIFFS_COUNTRY_CHARS, country.ptr, GL_TARIFFS_COUNTRY_CHARS);
}

/* NULL: no entry before has this name. */
static const entry *last_of(const gl_tariffs *tariffs, const char *name)
{
    for (size_t i = tariffs->count; i > 0; i--)
        if (gl_str_eqz(name_of(&tariffs->at[i - 1]), name))
            return &tariffs->at[i - 1];
    return NULL;
}

/* Those that are given, or those of the entry of this name before it. */
static bool read_countries(const gl_tariffs *tariffs, entry *e, const gl_tariff_conf *conf, gl_err *err)
{
    if (conf->countries.count > GL_TARIFFS_LIMIT_COUNTRIES)
        return gl_fail(err, GL_FATAL, "conf-value", "tariffs.countries: more than %d", GL_TARIFFS_LIMIT_COUNTRIES);
    for (size_t i = 0; i < conf->countries.count; i++) {
        gl_str country = gl_str_of(conf->countries.at[i]);
        if (!is_country(country))
            return gl_fail(err, GL_FATAL, "conf-value", "tariffs.countries: \"%s\" is not two capital letters",
                           conf->countries.at[i]);
        if (!is_for(e, country))
            add_country(e, country);
    }
    const entry *before = e->country_count > 0 ? NULL : last_of(tariffs, conf->name);
    for (size_t i = 0; before != NULL && i < before->country_count; i++)
        add_country(e, country_at(before, i));
    return true;
}

/* Of two that hold from the same day nobody could say which one it is. */
static bool check_countries(const gl_tariffs *tariffs, const entry *e, const gl_tariff_conf *conf, gl_err *err)
{
    for (size_t i = 0; i < tariffs->count; i++)
        for (size_t k = 0; k < e->country_count && tariffs->at[i].from == e->from; k++) {
            if (is_for(&tariffs->at[i], country_at(e, k)))
                return gl_fail(err, GL_FATAL, "conf-value", "tariffs: %.*s and %s are both for %.*s, from the same day",
                               GL_STR_ARG(name_of(&tariffs->at[i])), conf->name, GL_STR_ARG(country_at(e, k)));
        }
    return true;
}

/* ---- loading ---- */

static bool add(gl_tariffs *tariffs, const gl_tariff_conf *conf, gl_err *err)
{
    entry *e = &tariffs->at[tariffs->count];

    if (!gl_tariff_is_name(gl_str_of(conf->name)))
        return gl_fail(err, GL_FATAL, "conf-value", "tariffs.name: \"%s\" is not 1 to %d letters, digits and hyphens",
                       conf->name, GL_TARIFF_LIMIT_NAME_CHARS);
    if (!read_day(conf, &e->from, err))
        return false;
    for (size_t i = 0; i < tariffs->count; i++)
        if (gl_str_eqz(name_of(&tariffs->at[i]), conf->name) && tariffs->at[i].from == e->from)
            return gl_fail(err, GL_FATAL, "conf-value", "tariffs: %s is there twice from the same day", conf->name);
    gl_tariff *tariff = NULL;
    if (!read_countries(tariffs, e, conf, err) || !check_countries(tariffs, e, conf, err) ||
        (tariff = gl_tariff_open(conf->name, (gl_tariff_format)conf->format, conf->file, err)) == NULL) {
        free(e->countries);
        return false;
    }
    e->national = gl_national_new(tariff);
    tariffs->count++;
    return true;
}

gl_tariffs *gl_tariffs_load(const gl_tariff_conf *confs, size_t count, gl_err *err)
{
    gl_tariffs *tariffs = calloc(1, sizeof *tariffs);
    bool good = true;

    if (tariffs == NULL)
        abort();
    atomic_init(&tariffs->references, 1);
    if (count > GL_TARIFFS_LIMIT)
        good = gl_fail(err, GL_FATAL, "conf-value", "tariffs: more than %d", GL_TARIFFS_LIMIT);
    for (size_t i = 0; good && i < count; i++)
        good = add(tariffs, &confs[i], err);
    if (good)
        return tariffs;
    gl_tariffs_release(tariffs);
    return NULL;
}

gl_tariffs *gl_tariffs_of_conf(const gl_conf *conf, gl_err *err)
{
    size_t count = 0;
    const gl_tariff_conf *confs = gl_conf_list(conf, gl_tariff_conf_table.section, &count);
    return gl_tariffs_load(confs, count, err);
}

gl_tariffs *gl_tariffs_retain(gl_tariffs *tariffs)
{
    if (tariffs != NULL)
        atomic_fetch_add(&tariffs->references, 1);
    return tariffs;
}

void gl_tariffs_release(gl_tariffs *tariffs)
{
    if (tariffs == NULL || atomic_fetch_sub(&tariffs->references, 1) != 1)
        return;
    for (size_t i = 0; i < tariffs->count; i++) {
        gl_national_destroy(tariffs->at[i].national);
        free(tariffs->at[i].countries);
    }
    free(tariffs);
}

/* ---- which one ---- */

const gl_national *gl_tariffs_find(const gl_tariffs *tariffs, gl_str name, int32_t today)
{
    const entry *best = NULL;

    if (name.len == 0 && tariffs->count > 0)
        name = name_of(&tariffs->at[0]);
    for (size_t i = 0; i < tariffs->count; i++) {
        const entry *e = &tariffs->at[i];
        if (gl_str_eq(name_of(e), name) && e->from <= today && (best == NULL || e->from > best->from))
            best = e;
    }
    return best == NULL ? NULL : best->national;
}

const gl_national *gl_tariffs_of_country(const gl_tariffs *tariffs, gl_str country, int32_t day)
{
    const entry *best = NULL;

    for (size_t i = 0; i < tariffs->count && is_country(country); i++) {
        const entry *e = &tariffs->at[i];
        if (e->from <= day && (best == NULL || e->from > best->from) && is_for(e, country))
            best = e;
    }
    return best == NULL ? NULL : best->national;
}

bool gl_tariffs_any_country(const gl_tariffs *tariffs)
{
    for (size_t i = 0; i < tariffs->count; i++)
        if (tariffs->at[i].country_count > 0)
            return true;
    return false;
}

void gl_tariffs_names(const gl_tariffs *tariffs, int32_t today, gl_buf *out)
{
    bool any = false;

    for (size_t i = 0; i < tariffs->count; i++) {
        bool told = tariffs->at[i].from > today;
        for (size_t k = 0; k < i && !told; k++)
            told = tariffs->at[k].from <= today && gl_str_eq(name_of(&tariffs->at[k]), name_of(&tariffs->at[i]));
        if (!told)
            gl_buf_printf(out, "%s%.*s", any ? ", " : "", GL_STR_ARG(name_of(&tariffs->at[i])));
        any = any || !told;
    }
    if (!any)
        gl_buf_text(out, "there is none");
}

void gl_tariffs_tell(const gl_tariffs *tariffs)
{
    for (size_t i = 0; i < tariffs->count; i++) {
        const gl_tariff *tariff = gl_national_tariff(tariffs->at[i].national);
        gl_tariff_counts counts = gl_tariff_count(tariff);
        gl_log(GL_LOG_INFO, "tariff-loaded", "%s: %zu lines, %zu of their rates read", gl_tariff_version(tariff),
               counts.declarable, counts.rates[GL_DUTY_AD_VALOREM] + counts.rates[GL_DUTY_SPECIFIC]);
    }
}

/* ---- in use ---- */

typedef struct shown {
    gl_series *at[GL_TARIFFS_METRIC_COUNT];
} shown;

struct gl_tariffs_slot {
    pthread_mutex_t lock; /* guards the pointer */
    gl_tariffs *tariffs;
    gl_metrics *metrics; /* NULL: none; from here on main's alone */
    const gl_metric_def *defs;
    shown shown[GL_TARIFFS_LIMIT];
    size_t shown_count;
};

static void write_day(int32_t days, char day[DAY_BYTES])
{
    int year, month, of_month;

    day[0] = '\0';
    if (days == INT32_MIN)
        return;
    gl_date_civil(days, &year, &month, &of_month);
    snprintf(day, DAY_BYTES, "%04d-%02d-%02d", year, month, of_month);
}

/* One with the same labels is the same series: what is old goes first. */
static void show(gl_tariffs_slot *slot)
{
    for (size_t i = 0; i < slot->shown_count; i++)
        for (int k = 0; k < GL_TARIFFS_METRIC_COUNT; k++)
            gl_series_remove(slot->shown[i].at[k]);
    slot->shown_count = 0;
    for (size_t i = 0; slot->metrics != NULL && i < slot->tariffs->count; i++) {
        const entry *e = &slot->tariffs->at[i];
        const gl_tariff *tariff = gl_national_tariff(e->national);
        shown *now = &slot->shown[slot->shown_count++];
        char day[DAY_BYTES];
        write_day(e->from, day);
        const char *const info[GL_METRIC_LABELS] = {gl_tariff_name(tariff), gl_tariff_version(tariff), day},
                          *const lines[GL_METRIC_LABELS] = {gl_tariff_name(tariff), day};
        now->at[GL_TARIFFS_INFO] = gl_metrics_info(slot->metrics, &slot->defs[GL_TARIFFS_INFO], info, NULL);
        now->at[GL_TARIFFS_LINES] = gl_metrics_series(slot->metrics, &slot->defs[GL_TARIFFS_LINES], lines);
        gl_series_set(now->at[GL_TARIFFS_LINES], (double)gl_tariff_count(tariff).declarable);
    }
}

gl_tariffs_slot *gl_tariffs_slot_new(gl_tariffs *tariffs, gl_metrics *metrics, const gl_metric_def *defs)
{
    gl_tariffs_slot *slot = calloc(1, sizeof *slot);

    if (slot == NULL)
        abort();
    pthread_mutex_init(&slot->lock, NULL);
    slot->metrics = metrics;
    slot->defs = defs;
    gl_tariffs_slot_put(slot, tariffs);
    return slot;
}

void gl_tariffs_slot_destroy(gl_tariffs_slot *slot)
{
    if (slot == NULL)
        return;
    gl_tariffs_release(slot->tariffs);
    pthread_mutex_destroy(&slot->lock);
    free(slot);
}

void gl_tariffs_slot_put(gl_tariffs_slot *slot, gl_tariffs *tariffs)
{
    pthread_mutex_lock(&slot->lock);
    gl_tariffs *old = slot->tariffs;
    slot->tariffs = tariffs;
    pthread_mutex_unlock(&slot->lock);
    show(slot);
    gl_tariffs_tell(tariffs);
    gl_tariffs_release(old);
}

gl_tariffs *gl_tariffs_slot_get(gl_tariffs_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    gl_tariffs *tariffs = gl_tariffs_retain(slot->tariffs);
    pthread_mutex_unlock(&slot->lock);
    return tariffs;
}
