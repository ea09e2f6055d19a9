/* The official files, when they are there ($GREENLANE_DATA, default ../shared/data beside the project): every row is a
 * line or a heading, and what is not computed is counted by its kind. Prints the figures of docs/CLASSIFY.md. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "customs/tariff.h"
#include "io/rfc4180.h"

enum { PATH_LIMIT = 4096, LOOKUPS = 1000000 };

static int failures;

static void expect(bool good, const char *name, const char *what)
{
    if (good)
        return;
    failures++;
    fprintf(stderr, "%s: %s\n", name, what);
}

static void measure_lookups(const gl_tariff *tariff)
{
    const gl_tariff_line *lines;
    size_t count = gl_tariff_under(tariff, (gl_str){"", 0}, &lines), found = 0;
    int64_t began_us = gl_thread_cpu_us();

    for (size_t i = 0; i < LOOKUPS; i++) {
        const gl_tariff_line *line = &lines[i * 7919 % count];
        found += gl_tariff_find(tariff, (gl_str){line->code, line->digits}) == line;
    }
    printf("  a look-up takes %.2f us of CPU\n", (double)(gl_thread_cpu_us() - began_us) / LOOKUPS);
    expect(found == LOOKUPS, gl_tariff_name(tariff), "a line is not found by its code");
}

static void tell(const gl_tariff *tariff, int64_t took_us)
{
    gl_tariff_counts counts = gl_tariff_count(tariff);

    printf("%s: %zu rows: %zu lines (%zu declarable), %zu headings; rates of the declarable: %zu ad valorem, %zu "
           "specific, %zu words, %zu none; read in %lld ms of CPU\n",
           gl_tariff_version(tariff), counts.rows, counts.lines, counts.declarable, counts.headings,
           counts.rates[GL_DUTY_AD_VALOREM], counts.rates[GL_DUTY_SPECIFIC], counts.rates[GL_DUTY_TEXT],
           counts.rates[GL_DUTY_NONE], (long long)(took_us / 1000));
    expect(counts.rows == counts.lines + counts.headings, gl_tariff_name(tariff), "a row is neither line nor heading");
    measure_lookups(tariff);
}

static void check_file(const char *data, const char *file, const char *name, gl_tariff_format format, size_t rows,
                       size_t lines)
{
    char path[PATH_LIMIT];
    gl_err err = {0};
    int64_t began_us = gl_thread_cpu_us();

    snprintf(path, sizeof path, "%s/tariff/%s", data, file);
    gl_tariff *tariff = gl_tariff_open(name, format, path, &err);
    if (tariff == NULL) {
        expect(false, name, err.message);
        return;
    }
    tell(tariff, gl_thread_cpu_us() - began_us);
    expect(gl_tariff_count(tariff).rows == rows && gl_tariff_count(tariff).lines == lines, name,
           "the file has other rows than it had");
    gl_tariff_destroy(tariff);
}

static void put_cell(gl_buf *out, gl_str cell)
{
    gl_buf_byte(out, '"');
    for (size_t i = 0; i < cell.len; i++) {
        if (cell.ptr[i] == '"')
            gl_buf_byte(out, '"');
        gl_buf_byte(out, (uint8_t)cell.ptr[i]);
    }
    gl_buf_byte(out, '"');
}

/* The lines of legal text (source, description, hs6, code) of one nomenclature, as plain CSV. */
static void check_nomenclature(const gl_buf *all, const char *source, size_t lines)
{
    static gl_csv_row row;
    gl_arena *arena = gl_arena_new(0);
    gl_buf out = {0};
    gl_csv csv;
    gl_err err = {0};
    int64_t began_us = gl_thread_cpu_us();

    gl_buf_text(&out, "code,description\n");
    gl_csv_begin(&csv, gl_buf_view(all), ',', false);
    while (gl_csv_next(&csv, arena, &row)) {
        if (row.error == NULL && row.count == 4 && gl_str_eqz(row.cells[0], source)) {
            put_cell(&out, row.cells[3]);
            gl_buf_byte(&out, ',');
            put_cell(&out, row.cells[1]);
            gl_buf_byte(&out, '\n');
        }
        gl_arena_reset(arena);
    }
    gl_tariff *tariff = gl_tariff_parse(GL_STR("TEXTS"), GL_TARIFF_CSV, gl_buf_view(&out), &err);
    if (tariff == NULL) {
        expect(false, source, err.message);
    } else {
        printf("%s of the nomenclature, ", source);
        tell(tariff, gl_thread_cpu_us() - began_us);
        expect(gl_tariff_count(tariff).lines == lines, source, "the file has other rows than it had");
    }
    gl_tariff_destroy(tariff);
    gl_buf_free(&out);
    gl_arena_destroy(arena);
}

int main(void)
{
    const char *data = getenv("GREENLANE_DATA");
    char path[PATH_LIMIT];
    struct stat st;
    gl_buf all = {0};

    if (data == NULL || *data == 0)
        data = GL_SOURCE_DIR "/../shared/data";
    snprintf(path, sizeof path, "%s/tariff", data);
    if (stat(path, &st) != 0) {
        printf("skipped: no tariffs at %s (GREENLANE_DATA)\n", path);
        return 77;
    }
    check_file(data, "global-uk-tariff.csv", "UK", GL_TARIFF_UK_GLOBAL, 11830, 11830);
    check_file(data, "global-uk-tariff.csv", "EU", GL_TARIFF_UK_GLOBAL_CET, 11830, 11830);
    check_file(data, "us_hts_2026.json.gz", "US", GL_TARIFF_US_HTS, 29725, 28764);
    snprintf(path, sizeof path, "%s/descriptions/nomenclature.csv", data);
    if (gl_buf_read_file(&all, path, GL_TARIFF_LIMIT_BYTES)) {
        check_nomenclature(&all, "hs2022", 5613);
        check_nomenclature(&all, "uk_cn_2020", 11830);
        check_nomenclature(&all, "us_hts_2026", 23193);
    } else {
        expect(false, path, "cannot be read");
    }
    gl_buf_free(&all);
    return failures == 0 ? 0 : 1;
}
