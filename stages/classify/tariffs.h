/* The national tariffs that an operator loads (section `tariffs` of the configuration): by name, and of one name the
 * one that holds today; by country, and of those that are for it the one that held on a day.
 *
 * Always holds: a set is immutable; a reload makes a new one, and who has the old one keeps it until he releases it.
 * Thread: any; the count of owners is atomic. Locks: none, but for the slot's own, around a pointer.
 */
#ifndef GL_CLASSIFY_TARIFFS_H
#define GL_CLASSIFY_TARIFFS_H

#include "base/conf.h"
#include "base/metrics.h"
#include "classify/national.h"

enum { GL_TARIFFS_LIMIT = 20, GL_TARIFFS_LIMIT_COUNTRIES = 100, GL_TARIFFS_COUNTRY_CHARS = 2 };

/* Section "tariffs", one entry a file. */
typedef struct gl_tariff_conf {
    const char *name;
    int format; /* gl_tariff_format */
    const char *file;
    const char *valid_from; /* a day; "": always */
    gl_conf_strings countries;
} gl_tariff_conf;

extern const gl_conf_table gl_tariff_conf_table;

typedef struct gl_tariffs gl_tariffs;

/* NULL with GL_FATAL: conf-value, and those of gl_tariff_open. Without entries a set that has none. */
gl_tariffs *gl_tariffs_load(const gl_tariff_conf *confs, size_t count, gl_err *err);
/* The same with the section of a configuration; one that was loaded without that table has no entries. */
gl_tariffs *gl_tariffs_of_conf(const gl_conf *conf, gl_err *err);
/* NULL is taken, here and below. */
gl_tariffs *gl_tariffs_retain(gl_tariffs *tariffs);
void gl_tariffs_release(gl_tariffs *tariffs);

/* `today`: days since 1970-01-01 (UTC). NULL: there is none of this name that holds. An empty name: the first of the
 * list. */
const gl_national *gl_tariffs_find(const gl_tariffs *tariffs, gl_str name, int32_t today);
/* Of the entries that are for a country (two capital letters) the latest that holds on that day. NULL: none does. */
const gl_national *gl_tariffs_of_country(const gl_tariffs *tariffs, gl_str country, int32_t day);
/* Is any of them for a country? */
bool gl_tariffs_any_country(const gl_tariffs *tariffs);
/* Those that hold: "UK, US", or "there is none". */
void gl_tariffs_names(const gl_tariffs *tariffs, int32_t today, gl_buf *out);
/* Logs what is in use. */
void gl_tariffs_tell(const gl_tariffs *tariffs);

/* The definitions that a set in use is shown by: labels tariff, version, valid_from; labels tariff, valid_from. */
enum { GL_TARIFFS_INFO, GL_TARIFFS_LINES, GL_TARIFFS_METRIC_COUNT };

/* The set in use, which workers and the HTTP service share. */
typedef struct gl_tariffs_slot gl_tariffs_slot;
/* Takes the set. `metrics` may be NULL; `defs` are GL_TARIFFS_METRIC_COUNT. */
gl_tariffs_slot *gl_tariffs_slot_new(gl_tariffs *tariffs, gl_metrics *metrics, const gl_metric_def *defs);
void gl_tariffs_slot_destroy(gl_tariffs_slot *slot);
/* Takes the set that is used from now on, and logs and shows it. Thread: main. */
void gl_tariffs_slot_put(gl_tariffs_slot *slot, gl_tariffs *tariffs);
/* The caller's own, to be released. Thread: any. */
gl_tariffs *gl_tariffs_slot_get(gl_tariffs_slot *slot);

#endif
