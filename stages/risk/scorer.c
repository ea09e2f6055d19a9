/* See scorer.h. */
#include "risk/scorer.h"

#include "risk/file.h"
#include "risk/paths.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <xgboost/c_api.h>

/* A chunk bounds libxgboost's own memory; beyond 1,024 rows a row gets no cheaper (measured). */
enum { MODEL_LIMIT_BYTES = 64 * 1024 * 1024, CHUNK_ROWS = 1024, PATH_BYTES = 4096, PROBES = 16 };

struct gl_scorer {
    BoosterHandle booster;
    gl_feature_table *features;
    gl_paths *paths;
    char version[sizeof "risk-" + 16];
    char evaluator[96];
};

static const char predict_value[] = "{\"type\":0,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
                                    "\"strict_shape\":false,\"cache_id\":0,\"missing\":NaN}";
static const char predict_margin[] = "{\"type\":1,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
                                     "\"strict_shape\":false,\"cache_id\":0,\"missing\":NaN}";
static const char predict_exact[] = "{\"type\":2,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
                                    "\"strict_shape\":false}";

static bool model_fail(gl_err *err, const char *path, const char *what)
{
    return gl_fail(err, GL_FATAL, "model-invalid", "%s: %s", path, what);
}

/* Rows as libxgboost's array interface; the result is its own memory until this thread's next call. */
static bool predict(const gl_scorer *scorer, const char *config, const float *rows, size_t count, const float **result,
                    gl_err *err)
{
    size_t width = gl_feature_count(scorer->features);
    char interface[192];
    snprintf(interface, sizeof interface, "{\"data\":[%zu,true],\"shape\":[%zu,%zu],\"typestr\":\"<f4\",\"version\":3}",
             (size_t)(uintptr_t)rows, count, width);
    const bst_ulong *shape = NULL;
    bst_ulong dimensions = 0;
    if (XGBoosterPredictFromDense(scorer->booster, interface, config, NULL, &shape, &dimensions, result) != 0)
        return gl_fail(err, GL_FATAL, "score-failed", "libxgboost: %s", XGBGetLastError());
    return dimensions > 0 && shape[0] == count
               ? true
               : gl_fail(err, GL_FATAL, "score-failed", "libxgboost: not one value a row");
}

static bool check_features(const gl_scorer *scorer, const char *path, gl_err *err)
{
    bst_ulong width = 0, count = 0;
    const char **names = NULL;
    if (XGBoosterGetNumFeature(scorer->booster, &width) != 0 ||
        XGBoosterGetStrFeatureInfo(scorer->booster, "feature_name", &count, &names) != 0)
        return model_fail(err, path, XGBGetLastError());
    bool same = width == gl_feature_count(scorer->features) && count == width;
    for (size_t i = 0; same && i < count; i++)
        same = strcmp(names[i], gl_feature_name(scorer->features, i)) == 0;
    return same || model_fail(err, path, "made for other features than features.tsv has");
}

static bool load_booster(gl_scorer *scorer, const char *path, gl_err *err)
{
    gl_buf content = {0};
    bool ok = gl_risk_read_file(path, MODEL_LIMIT_BYTES, &content, err);
    if (ok && (XGBoosterCreate(NULL, 0, &scorer->booster) != 0 ||
               XGBoosterLoadModelFromBuffer(scorer->booster, content.data, content.len) != 0 ||
               XGBoosterSetParam(scorer->booster, "nthread", "1") != 0))
        ok = model_fail(err, path, XGBGetLastError());
    if (ok)
        gl_risk_name_version("risk-", gl_buf_view(&content), scorer->version, sizeof scorer->version);
    gl_buf_free(&content);
    return ok && check_features(scorer, path, err);
}

static bool load_paths(gl_scorer *scorer, const char *path, gl_err *err)
{
    char numbers[GL_FEATURE_LIMIT][24];
    const char *names[GL_FEATURE_LIMIT], *types[GL_FEATURE_LIMIT];
    size_t width = gl_feature_count(scorer->features);
    for (size_t i = 0; i < width; i++) {
        snprintf(numbers[i], sizeof numbers[i], "%zu", i);
        names[i] = numbers[i];
        types[i] = "q";
    }
    bst_ulong count = 0;
    const char **dumps = NULL;
    if (XGBoosterDumpModelExWithFeatures(scorer->booster, (int)width, names, types, 1, "text", &count, &dumps) != 0)
        return model_fail(err, path, XGBGetLastError());
    scorer->paths = gl_paths_new(dumps, count, width, err);
    return scorer->paths != NULL;
}

/* Rows all over the features' range, some with missing values: no row of any data. */
static void probe_rows(float *rows, size_t count)
{
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < count; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        float unit = (float)(state >> 40) / 16777216.0f;
        rows[i] = (state & 0xf0000) == 0 ? NAN : expf(unit * 17.0f) - 1.0f;
    }
}

/* The explanations must be of the very model that scores: both walk the same rows, and the base is what differs by. */
static bool check_paths(gl_scorer *scorer, const char *path, gl_err *err)
{
    size_t width = gl_feature_count(scorer->features);
    float rows[PROBES * GL_FEATURE_LIMIT];
    const float *margins = NULL;
    probe_rows(rows, PROBES * width);
    if (!predict(scorer, predict_margin, rows, PROBES, &margins, err))
        return false;
    gl_paths_set_base(scorer->paths, margins[0] - gl_paths_margin(scorer->paths, rows));
    for (size_t i = 0; i < PROBES; i++)
        if (!(fabsf(margins[i] - gl_paths_margin(scorer->paths, rows + i * width)) < 1e-4f))
            return model_fail(err, path, "its trees do not add up to its scores");
    return true;
}

static void name_evaluator(gl_scorer *scorer)
{
    int major = 0, minor = 0, patch = 0;
    XGBoostVersion(&major, &minor, &patch);
    snprintf(scorer->evaluator, sizeof scorer->evaluator, "xgboost %d.%d.%d, greenlane " GL_VERSION, major, minor,
             patch);
}

gl_scorer *gl_scorer_load(const char *directory, gl_err *err)
{
    char table_path[PATH_BYTES], model_path[PATH_BYTES];
    gl_scorer *scorer = calloc(1, sizeof *scorer);
    if (scorer == NULL)
        abort();
    snprintf(table_path, sizeof table_path, "%s/features.tsv", directory);
    snprintf(model_path, sizeof model_path, "%s/model.ubj", directory);
    XGBSetGlobalConfig("{\"verbosity\":0}"); /* errors come back as errors; nothing else may write to standard error */
    scorer->features = gl_feature_table_load(table_path, err);
    if (scorer->features != NULL && load_booster(scorer, model_path, err) && load_paths(scorer, model_path, err) &&
        check_paths(scorer, model_path, err)) {
        name_evaluator(scorer);
        return scorer;
    }
    gl_scorer_destroy(scorer);
    return NULL;
}

void gl_scorer_destroy(gl_scorer *scorer)
{
    if (scorer == NULL)
        return;
    if (scorer->booster != NULL)
        XGBoosterFree(scorer->booster);
    gl_paths_destroy(scorer->paths);
    gl_feature_table_destroy(scorer->features);
    free(scorer);
}

const gl_feature_table *gl_scorer_features(const gl_scorer *scorer)
{
    return scorer->features;
}

const char *gl_scorer_version(const gl_scorer *scorer)
{
    return scorer->version;
}

const char *gl_scorer_evaluator(const gl_scorer *scorer)
{
    return scorer->evaluator;
}

static int32_t ppm_of(float probability)
{
    double ppm = floor((double)probability * GL_SCORE_MAX_PPM + 0.5);
    return ppm <= 0 ? 0 : ppm >= GL_SCORE_MAX_PPM ? GL_SCORE_MAX_PPM : (int32_t)ppm;
}

bool gl_scorer_score(const gl_scorer *scorer, const float *rows, size_t count, int32_t *score_ppm, float *probability,
                     gl_err *err)
{
    size_t width = gl_feature_count(scorer->features);
    for (size_t done = 0; done < count;) {
        size_t chunk = count - done < CHUNK_ROWS ? count - done : CHUNK_ROWS;
        const float *result = NULL;
        if (!predict(scorer, predict_value, rows + done * width, chunk, &result, err))
            return false;
        for (size_t i = 0; i < chunk; i++) {
            if (isnan(result[i]))
                return gl_fail(err, GL_FATAL, "score-failed", "libxgboost: a score is not a number");
            score_ppm[done + i] = ppm_of(result[i]);
        }
        if (probability != NULL)
            memcpy(probability + done, result, chunk * sizeof *result);
        done += chunk;
    }
    return true;
}

void gl_scorer_contributions(const gl_scorer *scorer, const float *row, float *contributions)
{
    gl_paths_contributions(scorer->paths, row, contributions);
}

bool gl_scorer_contributions_exact(const gl_scorer *scorer, const float *row, float *contributions, gl_err *err)
{
    size_t width = gl_feature_count(scorer->features);
    DMatrixHandle matrix = NULL;
    const bst_ulong *shape = NULL;
    bst_ulong dimensions = 0;
    const float *result = NULL;
    bool ok = XGDMatrixCreateFromMat(row, 1, width, NAN, &matrix) == 0 &&
              XGBoosterPredictFromDMatrix(scorer->booster, matrix, predict_exact, &shape, &dimensions, &result) == 0;
    if (!ok)
        gl_fail(err, GL_FATAL, "score-failed", "libxgboost: %s", XGBGetLastError());
    else if (dimensions == 0 || shape[dimensions - 1] != width + 1)
        ok = gl_fail(err, GL_FATAL, "score-failed", "libxgboost: not one contribution a feature");
    else
        memcpy(contributions, result, (width + 1) * sizeof *result);
    if (matrix != NULL)
        XGDMatrixFree(matrix);
    return ok;
}

/* Adds up what has the same label, then the largest by insertion: `limit` is small. */
static size_t rank(const gl_feature_table *table, const float *contributions, gl_risk_reason *reasons, size_t limit)
{
    gl_risk_reason sums[GL_FEATURE_LIMIT];
    size_t sum_count = 0, count = 0;
    for (size_t i = 0; i < gl_feature_count(table); i++) {
        size_t at = 0;
        while (at < sum_count && strcmp(gl_feature_label(table, sums[at].feature), gl_feature_label(table, i)) != 0)
            at++;
        if (at == sum_count)
            sums[sum_count++] = (gl_risk_reason){i, 0};
        sums[at].contribution += contributions[i];
    }
    for (size_t i = 0; i < sum_count; i++) {
        size_t at = count < limit ? count++ : limit;
        for (; at > 0 && fabsf(reasons[at - 1].contribution) < fabsf(sums[i].contribution); at--)
            if (at < limit)
                reasons[at] = reasons[at - 1];
        if (at < limit)
            reasons[at] = sums[i];
    }
    return count;
}

size_t gl_scorer_reasons(const gl_scorer *scorer, const float *row, gl_risk_reason *reasons, size_t limit)
{
    float contributions[GL_FEATURE_LIMIT + 1];
    gl_scorer_contributions(scorer, row, contributions);
    return rank(scorer->features, contributions, reasons, limit);
}

bool gl_scorer_reasons_exact(const gl_scorer *scorer, const float *row, gl_risk_reason *reasons, size_t limit,
                             size_t *count, gl_err *err)
{
    float contributions[GL_FEATURE_LIMIT + 1] = {0};
    if (!gl_scorer_contributions_exact(scorer, row, contributions, err))
        return false;
    *count = rank(scorer->features, contributions, reasons, limit);
    return true;
}

bool gl_risk_replay_score(const gl_scorer *scorer, const float *features, size_t count, int32_t *score_ppm, gl_err *err)
{
    if (count != gl_feature_count(scorer->features))
        return gl_fail(err, GL_DEAD_LETTER, "replay-features", "%zu feature values, but the model has %zu", count,
                       gl_feature_count(scorer->features));
    return gl_scorer_score(scorer, features, 1, score_ppm, NULL, err);
}
