/* Configuration: one table per module drives parsing, defaults, --check-config, --print-config and
 * docs/CONFIGURATION.md.
 *
 * A daemon's file is YAML: a map of sections, each described by one gl_conf_table. Unknown sections and keys are
 * refused with the nearest known one. A value may hold ${NAME} or ${NAME:-default} of the environment; that of a secret
 * also ${file:PATH}, what a file holds without its last line break (PATH may hold variables, and is relative as paths
 * are). `--set section.key=value` overrides the file. A parsed configuration is immutable; a reload parses into a new
 * one, and a failed one keeps the old.
 */
#ifndef GL_BASE_CONF_H
#define GL_BASE_CONF_H

#include "base/buf.h"
#include "base/err.h"
#include "base/yaml.h"

typedef enum gl_conf_type {
    GL_CONF_STRING,   /* const char *; never NULL, "" when empty */
    GL_CONF_INT,      /* int64_t, within min..max */
    GL_CONF_BOOL,     /* bool: true, false */
    GL_CONF_DURATION, /* int64_t milliseconds: 250ms, 10s, 5m, 12h, 30d */
    GL_CONF_BYTES,    /* int64_t bytes: 64k, 16m, 1g (powers of 1024) */
    GL_CONF_PPM,      /* int64_t parts per million, 0 to 1,000,000: 2.5% or 25000 */
    GL_CONF_ENUM,     /* int: index into `names` */
    GL_CONF_STRINGS,  /* gl_conf_strings: a list of scalars */
} gl_conf_type;

typedef struct gl_conf_strings {
    const char **at;
    size_t count;
} gl_conf_strings;

enum {
    GL_CONF_RELOADABLE = 1, /* SIGHUP applies it; a change of any other key is reported and waits for a restart */
    GL_CONF_SECRET = 2,     /* never printed */
    GL_CONF_REQUIRED = 4,   /* must be given */
    /* STRING, STRINGS: paths, relative to the configuration file (also those of defaults; without a file and for --set:
     * to the working directory). The parsed value is absolute. */
    GL_CONF_FILE = 8,
};

typedef struct gl_conf_entry {
    const char *name;
    gl_conf_type type;
    size_t offset;       /* offsetof in the section's struct */
    const char *initial; /* default, as text; NULL: zero or empty */
    unsigned flags;
    int64_t min, max;         /* INT, DURATION, BYTES; both 0: no limit; max 0 above a min: no upper limit */
    const char *const *names; /* ENUM: NULL-terminated */
    const char *help;         /* one or two sentences; becomes documentation */
} gl_conf_entry;

typedef struct gl_conf_table {
    const char *section; /* "kafka" */
    const char *help;
    size_t struct_bytes; /* sizeof the section's struct */
    bool repeated;       /* the section is a list of maps: one struct each ("offices", "accounts") */
    const gl_conf_entry *entries;
    size_t entry_count;
} gl_conf_table;

typedef struct gl_conf gl_conf;

/* `path` NULL: defaults only. `tables`: `table_count` of them. `sets`: NULL-terminated "section.key=value" (may be
 * NULL). Errors (all GL_FATAL): conf-unreadable, conf-unknown-section, conf-unknown-key, conf-value, conf-required,
 * yaml-... */
gl_conf *gl_conf_load(const char *path, const gl_conf_table *const *tables, size_t table_count, const char *const *sets,
                      gl_err *err);
void gl_conf_destroy(gl_conf *conf);
/* The struct of a section that is not repeated; valid as long as `conf`. A section that no table names is a programming
 * error: NULL. */
const void *gl_conf_section(const gl_conf *conf, const char *section);
/* The structs of a repeated section: an array of `*count`. */
const void *gl_conf_list(const gl_conf *conf, const char *section, size_t *count);
/* As YAML with all defaults filled in, secrets as "(secret)". */
void gl_conf_print(const gl_conf *conf, gl_buf *buf);
/* One Markdown section a table, for docs/CONFIGURATION.md. */
void gl_conf_document(const gl_conf_table *table, gl_buf *buf);
/* The names "section.key" that differ and are not reloadable, separated by ", ", into `buf`. */
void gl_conf_fixed_changes(const gl_conf *old_conf, const gl_conf *new_conf, gl_buf *buf);
/* Digest (16 hex digits) of the parsed values of a section, the same for the same values: names a policy in records.
 * Secrets do not count (records are public), paths count by their last component (installations differ). */
void gl_conf_digest(const gl_conf *conf, const char *section, char hex[17]);

#endif
