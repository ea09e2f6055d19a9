/* The HS6 model: held to training's golden vectors; the same bits whatever came before; damaged files refused. */
#include "classify/model.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "customs/ids.h"
#include "customs/test_unescape.h"
#include "customs/text.h"

static const char model_path[] = GL_SOURCE_DIR "/models/classify/hs6.glm";
static const char golden_path[] = GL_SOURCE_DIR "/stages/classify/golden_model.tsv";
static const char tiny_path[] = GL_SOURCE_DIR "/stages/classify/corpus/model/tiny";
enum { LINE_BYTES = 65536, TINY_LIMIT = 4096, ALIGN = 64, GOLDEN_LIMIT = 400 };

static gl_hs_model *open_model(void)
{
    gl_err err = {0};
    gl_hs_model *model = gl_hs_model_open(model_path, &err);
    cr_assert_not_null(model, "%s", err.message);
    return model;
}

static void classify(const gl_hs_model *model, gl_hs_scratch *scratch, gl_str raw, gl_hs_result *result)
{
    char buffer[GL_TEXT_OUTPUT_MAX];
    gl_hs_model_classify(model, scratch, gl_text_normalise(raw, buffer), result);
}

/* `cells`: "\tcode\tconfidence" of the best three, or empty. */
static void check_golden(const char *text, char *cells, const gl_hs_result *result)
{
    size_t i = 0;
    char *rest = NULL;
    for (char *code = strtok_r(cells, "\t", &rest); code != NULL; code = strtok_r(NULL, "\t", &rest), i++) {
        const char *confidence = strtok_r(NULL, "\t", &rest);
        cr_assert(confidence != NULL && i < result->count, "\"%s\": %zu candidates", text, result->count);
        double off = strtod(confidence, NULL) - (double)result->top[i].confidence;
        cr_expect_str_eq(result->top[i].hs6, code, "\"%s\" at rank %zu", text, i + 1);
        cr_expect(off < 1e-5 && off > -1e-5, "\"%s\": %s of training, %.9f here", text, confidence,
                  (double)result->top[i].confidence);
    }
    cr_expect_eq(i, result->count, "\"%s\"", text);
}

Test(classify_model, golden_vectors_of_training)
{
    gl_hs_model *model = open_model();
    gl_hs_scratch *scratch = gl_hs_scratch_new(model);
    FILE *file = fopen(golden_path, "r");
    static char line[LINE_BYTES];
    size_t seen = 0;

    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#')
            continue;
        line[strcspn(line, "\n")] = 0;
        char *cells = strchr(line, '\t'), empty[1] = "";
        gl_hs_result result;
        if (cells != NULL)
            *cells++ = 0;
        gl_str raw = {line, test_unescape(line)};
        classify(model, scratch, raw, &result);
        check_golden(line, cells == NULL ? empty : cells, &result);
        seen++;
    }
    fclose(file);
    cr_assert(seen >= 100, "%zu vectors", seen);
    gl_hs_scratch_destroy(scratch);
    gl_hs_model_destroy(model);
}

static bool same(const gl_hs_result *a, const gl_hs_result *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = strcmp(a->top[i].hs6, b->top[i].hs6) == 0 && a->top[i].confidence_ppm == b->top[i].confidence_ppm &&
                a->top[i].confidence == b->top[i].confidence;
    return equal;
}

Test(classify_model, the_same_bits_whatever_came_before)
{
    static const char *const texts[] = {"mens cotton t-shirt", "ceramic mug", "", "xqzv",
                                        "lithium battery pack for a bicycle"};
    enum { TEXTS = sizeof texts / sizeof texts[0] };
    gl_hs_model *model = open_model();
    gl_hs_scratch *shared = gl_hs_scratch_new(model);
    gl_hs_result alone[TEXTS], after;

    for (size_t i = 0; i < TEXTS; i++) {
        gl_hs_scratch *fresh = gl_hs_scratch_new(model);
        classify(model, fresh, gl_str_of(texts[i]), &alone[i]);
        gl_hs_scratch_destroy(fresh);
    }
    for (size_t round = 0; round < 50; round++) {
        size_t i = (round * 7 + round / 3) % TEXTS;
        classify(model, shared, gl_str_of(texts[i]), &after);
        cr_assert(same(&after, &alone[i]), "\"%s\"", texts[i]);
    }
    gl_hs_scratch_destroy(shared);
    gl_hs_model_destroy(model);
}

Test(classify_model, confidences_fall_and_codes_are_of_the_model)
{
    static const char *const texts[] = {"leather wallet", "glass vase", "steel screws", "wooden chair"};
    gl_hs_model *model = open_model();
    gl_hs_scratch *scratch = gl_hs_scratch_new(model);

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        gl_hs_result result;
        classify(model, scratch, gl_str_of(texts[i]), &result);
        cr_assert_eq(result.count, GL_HS_TOP);
        for (size_t k = 0; k < result.count; k++) {
            cr_expect(gl_hs_model_knows_code(model, gl_str_of(result.top[k].hs6)));
            cr_expect(result.top[k].confidence_ppm >= 0 && result.top[k].confidence_ppm <= 1000000);
            cr_expect(k == 0 || result.top[k].confidence <= result.top[k - 1].confidence);
        }
    }
    cr_expect(!gl_hs_model_knows_code(model, GL_STR("000000")));
    cr_expect(!gl_hs_model_knows_code(model, GL_STR("0101")));
    gl_hs_scratch_destroy(scratch);
    gl_hs_model_destroy(model);
}

Test(classify_model, nothing_known_gives_no_candidate)
{
    gl_hs_model *model = open_model();
    gl_hs_scratch *scratch = gl_hs_scratch_new(model);
    gl_hs_result result;
    classify(model, scratch, GL_STR("\xe7\x8e\xa9\xe5\x85\xb7"), &result);
    cr_expect_eq(result.count, 0);
    gl_hs_scratch_destroy(scratch);
    gl_hs_model_destroy(model);
}

/* ---- files that are not models ---- */

static size_t read_tiny(uint8_t *bytes)
{
    FILE *file = fopen(tiny_path, "rb");
    cr_assert_not_null(file);
    size_t size = fread(bytes, 1, TINY_LIMIT, file);
    fclose(file);
    return size;
}

/* The corpus keeps models without their digest, so that a fuzzer need not guess it. */
static size_t sign(uint8_t *bytes, size_t size)
{
    gl_sha256((gl_str){(const char *)bytes, size}, bytes + size);
    return size + GL_SHA256_BYTES;
}

Test(classify_model, a_tiny_model_opens_and_any_changed_byte_is_refused)
{
    static _Alignas(ALIGN) uint8_t bytes[TINY_LIMIT + GL_SHA256_BYTES];
    gl_err err = {0};
    size_t size = sign(bytes, read_tiny(bytes));
    gl_hs_model *model = gl_hs_model_over(bytes, size, &err);

    cr_assert_not_null(model, "%s", err.message);
    gl_hs_model_destroy(model);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 1;
        model = gl_hs_model_over(bytes, size, &err);
        cr_assert_null(model, "byte %zu", i);
        cr_expect_eq(err.action, GL_FATAL);
        bytes[i] ^= 1;
    }
    for (size_t cut = 0; cut < size; cut++)
        cr_assert_null(gl_hs_model_over(bytes, cut, &err), "%zu bytes", cut);
}

/* The first confidence of a text by a tiny model with another temperature for texts of two words. */
static float tiny_confidence(const char *text, float temperature)
{
    static _Alignas(ALIGN) uint8_t bytes[TINY_LIMIT + GL_SHA256_BYTES];
    enum { TEMPERATURE_OF_TWO = 96 + sizeof(float) };
    size_t size = read_tiny(bytes);
    gl_hs_result result;
    gl_err err = {0};

    memcpy(bytes + TEMPERATURE_OF_TWO, &temperature, sizeof temperature);
    gl_hs_model *model = gl_hs_model_over(bytes, sign(bytes, size), &err);
    cr_assert_not_null(model, "%s", err.message);
    gl_hs_scratch *scratch = gl_hs_scratch_new(model);
    classify(model, scratch, gl_str_of(text), &result);
    gl_hs_scratch_destroy(scratch);
    gl_hs_model_destroy(model);
    cr_assert_eq(result.count, GL_HS_TOP);
    return result.top[0].confidence;
}

Test(classify_model, each_length_of_text_has_its_temperature)
{
    cr_expect(tiny_confidence("leather shoe", 4.0f) < tiny_confidence("leather shoe", 1.0f));
    cr_expect(tiny_confidence("shoe", 4.0f) == tiny_confidence("shoe", 1.0f));
    cr_expect(tiny_confidence("leather shoe shoe", 4.0f) == tiny_confidence("leather shoe shoe", 1.0f));
}

Test(classify_model, the_chapters_share_one)
{
    gl_hs_model *model = open_model();
    char code[3], before[3] = "00";
    double sum = 0;

    for (size_t i = 0; i < gl_hs_model_chapters(model); i++) {
        sum += (double)gl_hs_model_chapter(model, i, code);
        cr_expect(gl_hs_model_knows(model, gl_str_of(code)), "%s", code);
        cr_expect(strcmp(before, code) < 0, "%s after %s", code, before);
        memcpy(before, code, sizeof before);
    }
    cr_expect(sum > 0.999 && sum < 1.001, "%f", sum);
    gl_hs_model_destroy(model);
}

/* A well-signed file with any byte changed is refused, or usable: never read outside (the sanitizers look on). */
Test(classify_model, a_signed_model_with_any_changed_byte_is_refused_or_usable)
{
    static _Alignas(ALIGN) uint8_t bytes[TINY_LIMIT + GL_SHA256_BYTES];
    static const uint8_t changes[] = {0x01, 0x80, 0xFF};
    size_t unsigned_size = read_tiny(bytes), refused = 0;
    gl_err err = {0};

    for (size_t i = 0; i < unsigned_size * sizeof changes; i++) {
        size_t at = i / sizeof changes;
        uint8_t change = changes[i % sizeof changes];
        bytes[at] ^= change;
        gl_hs_model *model = gl_hs_model_over(bytes, sign(bytes, unsigned_size), &err);
        if (model == NULL) {
            refused++;
        } else {
            gl_hs_scratch *scratch = gl_hs_scratch_new(model);
            gl_hs_result result;
            classify(model, scratch, GL_STR("shoe leather shoe"), &result);
            gl_hs_scratch_destroy(scratch);
        }
        gl_hs_model_destroy(model);
        bytes[at] ^= change;
    }
    cr_expect(refused > 100, "%zu refused", refused);
}

Test(classify_model, what_cannot_be_read_is_said)
{
    gl_err err = {0};
    cr_expect_null(gl_hs_model_open("/nonexistent/hs6.glm", &err));
    cr_expect_str_eq(err.code, "model-unreadable");
    cr_expect_eq(err.action, GL_FATAL);
    cr_expect_null(gl_hs_model_open("/", &err));
    cr_expect_str_eq(err.code, "model-unreadable");
    cr_expect_null(gl_hs_model_open(golden_path, &err));
    cr_expect_str_eq(err.code, "model-invalid");
}
