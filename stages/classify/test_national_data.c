/* How well lines of the UK's and the US tariff are ranked within the right subheading, over public rulings and search
 * terms with national codes ($GREENLANE_DATA, default ../shared/data beside the project): the figures of
 * docs/CLASSIFY.md. Prints them; fails where they have become worse. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "classify/national.h"
#include "io/rfc4180.h"

enum {
    PATH_LIMIT = 4096,
    GROUP_DIGITS = 8,
    BANDS = 4,
    FILE_LIMIT_BYTES = 16 << 20,
    SOURCES = 16,
    SOURCE_CHARS = 31,
    MICRO = 1000000
};

static const int32_t band_ppm[BANDS] = {500000, 700000, 800000, 900000};

typedef struct tally {
    char source[SOURCE_CHARS + 1];
    size_t asked, alone, unknown; /* alone: the only code below its subheading; unknown: the tariff has no such code */
    size_t ranked, first, three;
    double even; /* right by an even share */
    size_t sure[BANDS], right[BANDS];
    double took_us;
} tally;

static const char *data_root(void)
{
    const char *data = getenv("GREENLANE_DATA");
    return data == NULL || *data == 0 ? GL_SOURCE_DIR "/../shared/data" : data;
}

static gl_national *open_national(const char *name, const char *file, gl_tariff_format format)
{
    char path[PATH_LIMIT];
    gl_err err = {0};

    snprintf(path, sizeof path, "%s/tariff/%s", data_root(), file);
    gl_tariff *tariff = gl_tariff_open(name, format, path, &err);
    if (tariff == NULL) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    return gl_national_new(tariff);
}

static bool is_code(const gl_national_candidate *candidate, gl_str code, size_t digits)
{
    return code.len >= digits && strncmp(candidate->code, code.ptr, digits) == 0;
}

static void ask(const gl_national *national, gl_arena *arena, gl_str description, gl_str code, size_t digits, tally *t)
{
    gl_hs_candidate subheading = {.confidence_ppm = MICRO};
    gl_national_list lines, groups;
    gl_national_question question;
    size_t at = 0;

    memcpy(subheading.hs6, code.ptr, GL_HS_CODE_DIGITS);
    int64_t began_us = gl_thread_cpu_us();
    gl_national_ask(&question, description);
    gl_national_rank(national, arena, &question, (gl_str){NULL, 0}, &subheading, 1, &lines, &groups);
    t->took_us += (double)(gl_thread_cpu_us() - began_us);
    gl_national_list list = digits == GROUP_DIGITS ? groups : lines;
    t->asked++;
    while (at < list.count && !is_code(&list.at[at], code, digits))
        at++;
    if (list.count == 0 || at == list.count) {
        t->unknown++;
        return;
    }
    if (list.count == 1) {
        t->alone++;
        return;
    }
    t->ranked++;
    t->first += at == 0;
    t->three += at < 3;
    t->even += 1.0 / (double)list.count;
    for (size_t b = 0; b < BANDS; b++) {
        t->sure[b] += list.at[0].share_ppm >= band_ppm[b];
        t->right[b] += list.at[0].share_ppm >= band_ppm[b] && at == 0;
    }
}

static void tell(const tally *t)
{
    double n = (double)(t->ranked == 0 ? 1 : t->ranked);

    printf(
        "%s: %zu asked, %zu have one code below their subheading, %zu a code that is not in the tariff; of %zu: first "
        "%.1f %%, among three %.1f %% (an even share: %.1f %%); %.1f us of CPU each\n",
        t->source, t->asked, t->alone, t->unknown, t->ranked, 100 * (double)t->first / n, 100 * (double)t->three / n,
        100 * t->even / n, t->took_us / (double)(t->asked == 0 ? 1 : t->asked));
    for (size_t b = 0; b < BANDS; b++)
        if (t->sure[b] > 0)
            printf("  a share of %.1f and more: %zu, right %.1f %%\n", band_ppm[b] / 1e6, t->sure[b],
                   100 * (double)t->right[b] / (double)t->sure[b]);
}

static tally *tally_of(tally tallies[SOURCES], gl_str source)
{
    size_t i = 0, len = source.len < SOURCE_CHARS ? source.len : SOURCE_CHARS;

    while (i + 1 < SOURCES && tallies[i].source[0] != '\0' && !gl_str_eqz((gl_str){source.ptr, len}, tallies[i].source))
        i++;
    memcpy(tallies[i].source, source.ptr, len);
    return &tallies[i];
}

/* source,description,hs6,code: rulings of the US by its 10 digits, all others by 8. */
static void ask_all(const gl_buf *rows, const gl_national *uk, const gl_national *us, tally tallies[SOURCES])
{
    static gl_csv_row row;
    gl_arena *arena = gl_arena_new(0);
    gl_csv csv;

    gl_csv_begin(&csv, gl_buf_view(rows), ',', false);
    while (gl_csv_next(&csv, arena, &row)) {
        bool american = gl_str_starts(row.cells[0], GL_STR("us_"));
        size_t digits = american ? GL_TARIFF_CODE_DIGITS : GROUP_DIGITS;
        if (row.error == NULL && row.count == 4 && row.cells[3].len >= digits && row.row > 1)
            ask(american ? us : uk, arena, row.cells[1], row.cells[3], digits, tally_of(tallies, row.cells[0]));
        gl_arena_reset(arena);
    }
    gl_arena_destroy(arena);
}

static void add(tally *all, const tally *t)
{
    all->asked += t->asked;
    all->alone += t->alone;
    all->unknown += t->unknown;
    all->ranked += t->ranked;
    all->first += t->first;
    all->three += t->three;
    all->even += t->even;
    all->took_us += t->took_us;
    for (size_t b = 0; b < BANDS; b++) {
        all->sure[b] += t->sure[b];
        all->right[b] += t->right[b];
    }
}

int main(void)
{
    char path[PATH_LIMIT];
    struct stat st;
    gl_buf rows = {0};
    tally tallies[SOURCES] = {{.source = ""}}, all = {.source = "all by 8 digits"};

    snprintf(path, sizeof path, "%s/descriptions/labelled.csv", data_root());
    if (stat(path, &st) != 0) {
        printf("skipped: no labelled descriptions at %s (GREENLANE_DATA)\n", path);
        return 77;
    }
    if (!gl_buf_read_file(&rows, path, FILE_LIMIT_BYTES))
        return 1;
    int64_t began_us = gl_thread_cpu_us();
    gl_national *uk = open_national("UK", "global-uk-tariff.csv", GL_TARIFF_UK_GLOBAL);
    int64_t between_us = gl_thread_cpu_us();
    gl_national *us = open_national("US", "us_hts_2026.json.gz", GL_TARIFF_US_HTS);
    printf("ready in %lld ms (UK) and %lld ms (US) of CPU\n", (long long)(between_us - began_us) / 1000,
           (long long)(gl_thread_cpu_us() - between_us) / 1000);
    ask_all(&rows, uk, us, tallies);
    for (size_t i = 0; i < SOURCES && tallies[i].source[0] != '\0'; i++) {
        tell(&tallies[i]);
        if (strncmp(tallies[i].source, "us_", 3) != 0)
            add(&all, &tallies[i]);
    }
    tell(&all);
    gl_national_destroy(uk);
    gl_national_destroy(us);
    gl_buf_free(&rows);
    bool good = all.first * 100 >= all.ranked * 45 && all.right[1] * 10 >= all.sure[1] * 8;
    if (!good)
        fprintf(stderr, "lines are ranked worse than they were\n");
    return good ? 0 : 1;
}
