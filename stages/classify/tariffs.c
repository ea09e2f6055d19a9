/* See tariffs.h. */
#include "classify/tariffs.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

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
};
const gl_conf_table gl_tariff_conf_table = {
    "tariffs",
    "National tariffs for the HTTP service: 8- and 10-digit codes and duty rates. SIGHUP reads the files again, all or "
    "none. Requests for 8 digits in the form of the UK's parcel classifier are answered from the first one.",
    sizeof(gl_tariff_conf),
    true,
    entries,
    sizeof entries / sizeof entries[0]};

typedef struct entry {
    gl_national *national;
    int32_t from; /* INT32_MIN: always */
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
    gl_tariff *tariff = gl_tariff_open(conf->name, (gl_tariff_format)conf->format, conf->file, err);
    if (tariff == NULL)
        return false;
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
    for (size_t i = 0; i < tariffs->count; i++)
        gl_national_destroy(tariffs->at[i].national);
    free(tariffs);
}

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
