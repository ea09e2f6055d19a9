/* Scores in C against Python's to 1e-6, explanations against libxgboost's own. */
#include "risk/golden.h"
#include "risk/scorer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>
#include <xgboost/c_api.h>

static const char model_dir[] = GL_SOURCE_DIR "/models/risk";
static const char golden_path[] = GL_SOURCE_DIR "/models/risk/golden.tsv";

typedef struct fixture {
    gl_arena *arena;
    gl_scorer *scorer;
    gl_golden_case cases[GL_GOLDEN_LIMIT];
    float rows[GL_GOLDEN_LIMIT * GL_FEATURE_LIMIT];
    size_t count, width;
} fixture;

static fixture f;

static void set_up(void)
{
    gl_err err = {0};
    f.arena = gl_arena_new(0);
    f.scorer = gl_scorer_load(model_dir, &err);
    cr_assert_not_null(f.scorer, "%s", err.message);
    f.width = gl_feature_count(gl_scorer_features(f.scorer));
    f.count = gl_golden_load(f.arena, golden_path, f.cases);
    for (size_t i = 0; i < f.count; i++) {
        gl_risk_inputs inputs;
        gl_risk_inputs_of(&f.cases[i].decl, &f.cases[i].decl.items.at[0], &inputs);
        gl_features_compute(gl_scorer_features(f.scorer), &inputs, f.rows + i * f.width);
    }
}

static void tear_down(void)
{
    gl_scorer_destroy(f.scorer);
    gl_arena_destroy(f.arena);
}

TestSuite(scorer, .init = set_up, .fini = tear_down);

Test(scorer, scores_equal_trainings)
{
    gl_err err = {0};
    int32_t ppm[GL_GOLDEN_LIMIT];
    float probability[GL_GOLDEN_LIMIT];
    cr_assert(gl_scorer_score(f.scorer, f.rows, f.count, ppm, probability, &err), "%s", err.message);
    for (size_t i = 0; i < f.count; i++) {
        cr_assert_lt(fabsf(probability[i] - f.cases[i].probability), 1e-6f, "%.*s: %.9g, not %.9g",
                     GL_STR_ARG(f.cases[i].name), (double)probability[i], (double)f.cases[i].probability);
        cr_assert_leq(abs(ppm[i] - f.cases[i].score_ppm), 1);
        cr_assert_eq(ppm[i], (int32_t)floor((double)probability[i] * 1e6 + 0.5));
    }
}

Test(scorer, a_score_does_not_depend_on_its_batch)
{
    gl_err err = {0};
    int32_t together[GL_GOLDEN_LIMIT], alone, replayed;
    cr_assert(gl_scorer_score(f.scorer, f.rows, f.count, together, NULL, &err));
    for (size_t i = 0; i < f.count; i++) {
        cr_assert(gl_scorer_score(f.scorer, f.rows + i * f.width, 1, &alone, NULL, &err));
        cr_assert(gl_risk_replay_score(f.scorer, f.rows + i * f.width, f.width, &replayed, &err));
        cr_assert_eq(alone, together[i]);
        cr_assert_eq(replayed, together[i]);
    }
}

Test(scorer, batches_larger_than_a_chunk)
{
    enum { ROWS = 2500 };
    gl_err err = {0};
    float *rows = gl_arena_alloc(f.arena, ROWS * f.width * sizeof *rows);
    int32_t *ppm = gl_arena_alloc(f.arena, ROWS * sizeof *ppm), first[GL_GOLDEN_LIMIT];
    for (size_t i = 0; i < ROWS; i++)
        memcpy(rows + i * f.width, f.rows + i % f.count * f.width, f.width * sizeof *rows);
    cr_assert(gl_scorer_score(f.scorer, rows, ROWS, ppm, NULL, &err));
    cr_assert(gl_scorer_score(f.scorer, f.rows, f.count, first, NULL, &err));
    for (size_t i = 0; i < ROWS; i++)
        cr_assert_eq(ppm[i], first[i % f.count]);
    cr_assert(gl_scorer_score(f.scorer, rows, 0, ppm, NULL, &err));
}

/* What libxgboost itself says, by its slower call. `type`: 2 exact, 3 approximate. */
static void library_contributions(const float *row, int type, float *out)
{
    char path[512], config[160];
    BoosterHandle booster = NULL;
    DMatrixHandle matrix = NULL;
    const bst_ulong *shape = NULL;
    bst_ulong dimensions = 0;
    const float *result = NULL;
    snprintf(path, sizeof path, "%s/model.ubj", model_dir);
    snprintf(config, sizeof config,
             "{\"type\":%d,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,\"strict_shape\":false}", type);
    cr_assert_eq(XGBoosterCreate(NULL, 0, &booster), 0);
    cr_assert_eq(XGBoosterLoadModel(booster, path), 0);
    cr_assert_eq(XGDMatrixCreateFromMat(row, 1, f.width, NAN, &matrix), 0);
    cr_assert_eq(XGBoosterPredictFromDMatrix(booster, matrix, config, &shape, &dimensions, &result), 0);
    memcpy(out, result, (f.width + 1) * sizeof *out);
    XGDMatrixFree(matrix);
    XGBoosterFree(booster);
}

Test(scorer, path_contributions_are_libxgboosts_approximate_ones)
{
    for (size_t i = 0; i < f.count; i++) {
        float ours[GL_FEATURE_LIMIT + 1], theirs[GL_FEATURE_LIMIT + 1];
        gl_scorer_contributions(f.scorer, f.rows + i * f.width, ours);
        library_contributions(f.rows + i * f.width, 3, theirs);
        for (size_t k = 0; k <= f.width; k++)
            cr_assert_lt(fabsf(ours[k] - theirs[k]), 1e-4f, "case %zu, feature %zu: %g, not %g", i, k, (double)ours[k],
                         (double)theirs[k]);
    }
}

Test(scorer, contributions_add_up_to_the_score)
{
    gl_err err = {0};
    for (size_t i = 0; i < f.count; i++) {
        float approximate[GL_FEATURE_LIMIT + 1], exact[GL_FEATURE_LIMIT + 1], sums[2] = {0};
        gl_scorer_contributions(f.scorer, f.rows + i * f.width, approximate);
        cr_assert(gl_scorer_contributions_exact(f.scorer, f.rows + i * f.width, exact, &err));
        for (size_t k = 0; k <= f.width; k++) {
            sums[0] += approximate[k];
            sums[1] += exact[k];
        }
        for (size_t k = 0; k < 2; k++)
            cr_assert_lt(fabsf(1.0f / (1.0f + expf(-sums[k])) - f.cases[i].probability), 1e-5f);
    }
}

Test(scorer, reasons_are_the_largest_first_and_one_a_label)
{
    gl_err err = {0};
    gl_risk_reason reasons[GL_FEATURE_LIMIT], fewer[3], exact[3];
    size_t all = gl_scorer_reasons(f.scorer, f.rows, reasons, GL_FEATURE_LIMIT), exact_count = 0;
    float total = 0, contributions[GL_FEATURE_LIMIT + 1], sum = 0;
    cr_assert_eq(all, f.width - 1, "the code and its hash have one label");
    for (size_t i = 1; i < all; i++)
        cr_assert_geq(fabsf(reasons[i - 1].contribution), fabsf(reasons[i].contribution));
    gl_scorer_contributions(f.scorer, f.rows, contributions);
    for (size_t i = 0; i < all; i++)
        total += reasons[i].contribution;
    for (size_t i = 0; i < f.width; i++)
        sum += contributions[i];
    cr_assert_lt(fabsf(total - sum), 1e-4f);
    cr_assert_eq(gl_scorer_reasons(f.scorer, f.rows, fewer, 3), 3);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(fewer[i].feature, reasons[i].feature);
    cr_assert(gl_scorer_reasons_exact(f.scorer, f.rows, exact, 3, &exact_count, &err));
    cr_assert_eq(exact_count, 3);
    cr_assert_eq(gl_scorer_reasons(f.scorer, f.rows, fewer, 0), 0);
}

Test(scorer, replay_refuses_other_features)
{
    gl_err err = {0};
    int32_t ppm;
    cr_assert_not(gl_risk_replay_score(f.scorer, f.rows, f.width - 1, &ppm, &err));
    cr_assert_str_eq(err.code, "replay-features");
}

Test(scorer, names_of_versions)
{
    int major, minor, patch;
    char evaluator[64];
    XGBoostVersion(&major, &minor, &patch);
    snprintf(evaluator, sizeof evaluator, "xgboost %d.%d.%d, greenlane " GL_VERSION, major, minor, patch);
    cr_assert_str_eq(gl_scorer_evaluator(f.scorer), evaluator);
    cr_assert_eq(strlen(gl_scorer_version(f.scorer)), strlen("risk-") + 16);
    cr_assert_eq(strlen(gl_feature_table_version(gl_scorer_features(f.scorer))), strlen("features-") + 16);
}

static void copy_file(const char *from, const char *directory, const char *name, size_t limit)
{
    char path[512];
    uint8_t block[4096];
    FILE *in = fopen(from, "rb");
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *out = fopen(path, "wb");
    cr_assert(in != NULL && out != NULL);
    for (size_t got; limit > 0 && (got = fread(block, 1, limit < sizeof block ? limit : sizeof block, in)) > 0;) {
        fwrite(block, 1, got, out);
        limit -= got;
    }
    fclose(in);
    fclose(out);
}

static void expect_refused(const char *directory, const char *code)
{
    gl_err err = {0};
    char path[512];
    cr_assert_null(gl_scorer_load(directory, &err));
    cr_assert_str_eq(err.code, code, "%s: %s", err.code, err.message);
    snprintf(path, sizeof path, "%s/model.ubj", directory);
    unlink(path);
    snprintf(path, sizeof path, "%s/features.tsv", directory);
    unlink(path);
    rmdir(directory);
}

Test(scorer, a_truncated_model_is_refused)
{
    char directory[] = "/tmp/gl-risk-XXXXXX";
    cr_assert_not_null(mkdtemp(directory));
    copy_file(GL_SOURCE_DIR "/models/risk/features.tsv", directory, "features.tsv", SIZE_MAX);
    copy_file(GL_SOURCE_DIR "/models/risk/model.ubj", directory, "model.ubj", 100000);
    expect_refused(directory, "model-invalid");
}

Test(scorer, a_model_for_other_features_is_refused)
{
    char directory[] = "/tmp/gl-risk-XXXXXX";
    cr_assert_not_null(mkdtemp(directory));
    copy_file(GL_SOURCE_DIR "/models/risk/features.tsv", directory, "features.tsv", 400);
    copy_file(GL_SOURCE_DIR "/models/risk/model.ubj", directory, "model.ubj", SIZE_MAX);
    FILE *table;
    char path[512];
    snprintf(path, sizeof path, "%s/features.tsv", directory);
    table = fopen(path, "wb");
    fputs("mass\tnumber\tnet_mass\tnet mass\n", table);
    fclose(table);
    expect_refused(directory, "model-invalid");
}

Test(scorer, a_missing_model_is_refused)
{
    char directory[] = "/tmp/gl-risk-XXXXXX";
    cr_assert_not_null(mkdtemp(directory));
    copy_file(GL_SOURCE_DIR "/models/risk/features.tsv", directory, "features.tsv", SIZE_MAX);
    expect_refused(directory, "file-unreadable");
}
