/* greenlane calibration: what officers found beside what the model had claimed, by submitter and kind of text, and what
 * classify makes of it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "classify/model.h"
#include "cli/command.h"
#include "cli/found.h"

enum { PPM = 1000000 };

typedef struct row {
    gl_str submitter; /* empty: all of them */
    size_t kind;
    gl_calibration_cell cell;
} row;

typedef struct listing {
    row *at;
    size_t count, capacity;
    gl_str only; /* empty: every submitter */
} listing;

static void add(listing *l, gl_str submitter, size_t kind, const gl_calibration_cell *cell)
{
    if (l->count == l->capacity) {
        l->capacity = l->capacity == 0 ? 64 : 2 * l->capacity;
        if ((l->at = realloc(l->at, l->capacity * sizeof *l->at)) == NULL)
            abort();
    }
    l->at[l->count++] = (row){submitter, kind, *cell};
}

static void collect(void *context, gl_str submitter, size_t kind, const gl_calibration_cell *cell)
{
    listing *l = context;
    if (l->only.len == 0 || gl_str_eq(l->only, submitter))
        add(l, submitter, kind, cell);
}

static int by_name(const void *a, const void *b)
{
    const row *left = a, *right = b;
    size_t len = left->submitter.len < right->submitter.len ? left->submitter.len : right->submitter.len;
    int order = len == 0 ? 0 : memcmp(left->submitter.ptr, right->submitter.ptr, len);
    if (order == 0)
        order = (left->submitter.len > right->submitter.len) - (left->submitter.len < right->submitter.len);
    return order != 0 ? order : (left->kind > right->kind) - (left->kind < right->kind);
}

static double share(int64_t sum, uint32_t count)
{
    return count == 0 ? 0 : (double)sum / count;
}

static void put_counts(gl_buf *out, const char *name, const gl_calibration_counts *counts)
{
    gl_buf_printf(out, ",\"%s\":{\"findings\":%u,\"claimed\":", name, (unsigned)counts->count);
    if (counts->count == 0)
        gl_buf_text(out, "null,\"right\":null}");
    else
        gl_buf_printf(out, "%.6f,\"right\":%.6f}", share(counts->claimed_ppm, counts->count) / PPM,
                      share(counts->right, counts->count));
}

static void put_json(gl_buf *out, const row *r)
{
    gl_buf_text(out, "{\"submitter\":");
    if (r->submitter.len == 0)
        gl_buf_text(out, "null");
    else
        gl_buf_json(out, r->submitter);
    gl_buf_printf(out, ",\"words\":\"%s\"", gl_calibration_kind_names[r->kind]);
    put_counts(out, "all", &r->cell.all);
    put_counts(out, "drawn", &r->cell.drawn);
    gl_buf_printf(out, ",\"factor\":%.6f,\"own\":%s}\n", r->cell.factor_ppm / (double)PPM,
                  r->cell.own ? "true" : "false");
}

static void put_side(gl_buf *out, const gl_calibration_counts *counts)
{
    gl_buf_printf(out, " %8u", (unsigned)counts->count);
    if (counts->count == 0)
        gl_buf_text(out, "        -       -");
    else
        gl_buf_printf(out, "  %6.3f  %6.3f", share(counts->claimed_ppm, counts->count) / PPM,
                      share(counts->right, counts->count));
}

static void put_line(gl_buf *out, const row *r)
{
    gl_buf_printf(out, "%-24.*s %-6s", GL_STR_ARG(r->submitter.len == 0 ? GL_STR("(all)") : r->submitter),
                  gl_calibration_kind_names[r->kind]);
    put_side(out, &r->cell.all);
    put_side(out, &r->cell.drawn);
    gl_buf_printf(out, "  %6.3f%s\n", r->cell.factor_ppm / (double)PPM, r->cell.own ? " own" : "");
}

static void show(const gl_calibration *calibration, const char *only, bool json)
{
    listing l = {.only = gl_str_of(only)};
    for (size_t k = 0; k < GL_CALIBRATION_KINDS && l.only.len == 0; k++) {
        gl_calibration_cell cell = gl_calibration_total(calibration, k);
        if (cell.all.count > 0)
            add(&l, GL_STR(""), k, &cell);
    }
    gl_calibration_each(calibration, collect, &l);
    if (l.count > 0)
        qsort(l.at, l.count, sizeof *l.at, by_name);
    if (!json)
        printf("%-24s %-6s %8s  %6s  %6s %8s  %6s  %6s  %6s\n", "submitter", "words", "findings", "claim", "right",
               "drawn", "claim", "right", "factor");
    for (size_t i = 0; i < l.count; i++) {
        gl_buf out = {0};
        (json ? put_json : put_line)(&out, &l.at[i]);
        printf("%.*s", GL_STR_ARG(gl_buf_view(&out)));
        gl_buf_free(&out);
    }
    free(l.at);
}

static int run_calibration(int argc, char **argv)
{
    const char *brokers = gl_env("KAFKA_BROKERS", ""), *models = gl_env("GREENLANE_MODELS", "models"), *only = "",
               *by = "drawn";
    int64_t least = 30, days = 180;
    bool json = false;
    const gl_option table[] = {
        {"submitter", GL_OPTION_TEXT, &only, "Only this one."},
        {"tighten", GL_OPTION_TEXT, &by, "As classify.tighten: drawn (without it), all."},
        {"least", GL_OPTION_INT, &least, "As classify.tighten_least (30)."},
        {"days", GL_OPTION_INT, &days, "As classify.findings_window (180)."},
        {"models", GL_OPTION_TEXT, &models, "Directory of the models (default $GREENLANE_MODELS or models)."},
        {"brokers", GL_OPTION_TEXT, &brokers, "Kafka's brokers (default $KAFKA_BROKERS)."},
        {"json", GL_OPTION_FLAG, &json, "An object a line."},
    };
    int count = gl_options_parse(&gl_command_calibration, table, sizeof table / sizeof table[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    bool all = strcmp(by, "all") == 0;
    if (count > 0 || least < 1 || days < 1 || days > 36500 || (!all && strcmp(by, "drawn") != 0))
        return gl_complain(GL_EXIT_USAGE,
                           "calibration has no arguments; --least and --days are 1 or more, --tighten drawn or all");
    if (brokers[0] == '\0')
        return gl_complain(GL_EXIT_USAGE, "which brokers? Give --brokers, or set KAFKA_BROKERS");
    char path[4096];
    gl_err err = {0};
    snprintf(path, sizeof path, "%s/classify/hs6.glm", models);
    gl_hs_model *model = gl_hs_model_open(path, &err);
    if (model == NULL)
        return gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    gl_calibration_conf conf = {
        .by = all ? GL_CALIBRATION_ALL : GL_CALIBRATION_DRAWN, .least = least, .window_us = days * 86400 * PPM};
    gl_calibration *calibration = gl_calibration_new(&conf, gl_hs_model_version(model), gl_wall_us(), 0);
    int status = GL_EXIT_OK;
    if (gl_found_load(calibration, brokers, &err))
        show(calibration, only, json);
    else
        status = gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    gl_calibration_destroy(calibration);
    gl_hs_model_destroy(model);
    return status;
}

const gl_command gl_command_calibration = {
    "calibration", "confidence against what officers found", "",
    "By submitter and kind of text (how many words): how many items' codes officers found (gl.findings), what the "
    "model "
    "in use had claimed of its\n"
    "likeliest subheadings on the mean, what share of them was right; the same of declarations that were drawn at "
    "random; and what confidence is\n"
    "multiplied by: `own` by the submitter's own findings, else by everybody's. 1.000 leaves it as it is.\n\n"
    "  greenlane calibration\n"
    "  greenlane calibration --submitter hub-1 --json",
    run_calibration};
