/* National tariffs: the lines of an official file with their legal text and their rate, for whoever needs more than six
 * digits. Here and not in a stage because the rates are of use wherever a duty is (risk, decide), not to classify
 * alone. No tariff is shipped; operators load what their office publishes.
 *
 * Always holds: a tariff is immutable after it was read; lines are in the order of their codes and each code is there
 * once; a file with one row that cannot be read is refused, with the row: a tariff with a hole would mislead. Thread:
 * any number share one. Locks: none.
 */
#ifndef GL_CUSTOMS_TARIFF_H
#define GL_CUSTOMS_TARIFF_H

#include "base/err.h"
#include "customs/duty.h"

enum {
    GL_TARIFF_LIMIT_BYTES = 64 * 1024 * 1024, /* unpacked */
    GL_TARIFF_LIMIT_LINES = 200000,
    GL_TARIFF_LIMIT_TEXT_BYTES = 16 * 1024, /* of a line, with what it stands under */
    GL_TARIFF_LIMIT_NAME_CHARS = 24,
    GL_TARIFF_CODE_DIGITS = 10,
    GL_TARIFF_SUBHEADING_DIGITS = 6,
};

typedef enum gl_tariff_format {
    GL_TARIFF_CSV,           /* a header with code, description and rate (which may be left out), in any order */
    GL_TARIFF_UK_GLOBAL,     /* CSV with commodity, description, ukgt_duty_rate */
    GL_TARIFF_UK_GLOBAL_CET, /* the same file, with the EU's rate beside it: cet_duty_rate */
    GL_TARIFF_US_HTS,        /* JSON: USITC's export (a list of htsno, indent, description, general), or an object of
                              * lines by code (code, description, general_raw) */
    GL_TARIFF_FORMATS
} gl_tariff_format;

/* "csv", "uk-global-tariff", "uk-global-tariff-cet", "us-hts"; NULL at the end. */
extern const char *const gl_tariff_format_names[GL_TARIFF_FORMATS + 1];

typedef struct gl_tariff_line {
    char code[GL_TARIFF_CODE_DIGITS + 1]; /* digits only */
    uint8_t digits;                       /* 6 to 10 */
    bool declarable;                      /* no line is below it */
    gl_str text;                          /* UTF-8; from the heading down, " > " between levels where there are some */
    gl_str rate;                          /* as it is written; of the line above where this one has none */
    gl_duty duty;
} gl_tariff_line;

/* What became of the file's rows: rows = lines + headings. */
typedef struct gl_tariff_counts {
    size_t rows;
    size_t headings; /* fewer than six digits or no code: no line, but what lines stand under */
    size_t lines, declarable;
    size_t rates[GL_DUTY_KINDS]; /* of the declarable ones */
} gl_tariff_counts;

typedef struct gl_tariff gl_tariff;

/* Is it 1 to GL_TARIFF_LIMIT_NAME_CHARS letters, digits and hyphens? */
bool gl_tariff_is_name(gl_str name);
/* `bytes`: the file, also as gzip. NULL with GL_FATAL: tariff-name, tariff-packed, tariff-invalid (with the row),
 * tariff-too-large. */
gl_tariff *gl_tariff_parse(gl_str name, gl_tariff_format format, gl_str bytes, gl_err *err);
/* Also: tariff-unreadable. */
gl_tariff *gl_tariff_open(const char *name, gl_tariff_format format, const char *path, gl_err *err);
void gl_tariff_destroy(gl_tariff *tariff);

const char *gl_tariff_name(const gl_tariff *tariff);
/* "UK/1f3a55bd": the name, and 8 hex digits of the file's SHA-256 (unpacked), which name all that it says. */
const char *gl_tariff_version(const gl_tariff *tariff);
gl_tariff_counts gl_tariff_count(const gl_tariff *tariff);

/* The lines whose code begins with `prefix` (digits), next to each other; 0 when there is none. */
size_t gl_tariff_under(const gl_tariff *tariff, gl_str prefix, const gl_tariff_line **first);
/* The line of a code, or the nearest one above it (a code may have more digits than the tariff). NULL: none. */
const gl_tariff_line *gl_tariff_find(const gl_tariff *tariff, gl_str code);

#endif
