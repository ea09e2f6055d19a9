/* The trained gate: held to training's golden vectors, on hand-written descriptions, its bounds, damaged files. */
#include "classify/vague.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "classify/test_hostile.h"
#include "customs/test_unescape.h"
#include "customs/text.h"

static const char path[] = GL_SOURCE_DIR "/models/classify/vague.glv";
static const char golden_path[] = GL_SOURCE_DIR "/stages/classify/golden_vague.tsv";
enum { LINE_BYTES = 65536 };

static gl_vague *open_shipped(void)
{
    gl_err err = {0};
    gl_vague *vague = gl_vague_open(path, &err);
    cr_assert_not_null(vague, "%s", err.message);
    return vague;
}

static int32_t ppm_of(const gl_vague *vague, gl_str raw)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    return gl_vague_ppm(vague, raw, gl_text_normalise(raw, normal));
}

Test(classify_vague, golden_vectors_of_training)
{
    gl_vague *vague = open_shipped();
    FILE *file = fopen(golden_path, "r");
    static char line[LINE_BYTES];
    size_t seen = 0;

    cr_assert_not_null(file);
    for (; fgets(line, sizeof line, file) != NULL;) {
        char *cell = strchr(line, '\t');
        if (line[0] == '#')
            continue;
        cr_assert_not_null(cell);
        *cell++ = 0;
        double off = strtod(cell, NULL) * 1e6 - ppm_of(vague, (gl_str){line, test_unescape(line)});
        cr_expect(off < 1 && off > -1, "\"%s\": off by %.3f ppm", line, off);
        seen++;
    }
    fclose(file);
    cr_assert(seen >= 90, "%zu vectors", seen);
    gl_vague_destroy(vague);
}

Test(classify_vague, brands_codes_and_colours_are_vaguer_than_goods)
{
    static const char *const vague_ones[] = {"navy, 8-10", "style_4471_blk", "zx-4471", "love you mum"};
    static const char *const good_ones[] = {"mens cotton t-shirt", "stainless steel kitchen sink", "ceramic mug",
                                            "running shoes with rubber sole", "jigsaw puzzle for children"};
    gl_vague *vague = open_shipped();
    int32_t threshold = gl_vague_threshold_ppm(vague);

    cr_expect(threshold > 500000 && threshold < 1000000);
    for (size_t i = 0; i < sizeof vague_ones / sizeof vague_ones[0]; i++)
        cr_expect(ppm_of(vague, gl_str_of(vague_ones[i])) > threshold, "\"%s\"", vague_ones[i]);
    for (size_t i = 0; i < sizeof good_ones / sizeof good_ones[0]; i++)
        cr_expect(ppm_of(vague, gl_str_of(good_ones[i])) <= threshold, "\"%s\"", good_ones[i]);
    gl_vague_destroy(vague);
}

Test(classify_vague, hostile_texts_are_bounded)
{
    gl_vague *vague = open_shipped();
    for (size_t i = 0; i < HOSTILE_COUNT; i++) {
        char *text = hostile_repeat(hostile_texts[i], HOSTILE_LARGE_BYTES);
        int64_t began_ms = hostile_cpu_ms();
        int32_t ppm = ppm_of(vague, (gl_str){text, HOSTILE_LARGE_BYTES});
        cr_expect(ppm >= 0 && ppm <= 1000000);
        cr_expect(hostile_cpu_ms() - began_ms < HOSTILE_CPU_LIMIT_MS);
        cr_expect_eq(ppm, ppm_of(vague, (gl_str){text, GL_TEXT_INPUT_MAX}), "what is behind the limit does not count");
        free(text);
    }
    cr_expect(ppm_of(vague, (gl_str){NULL, 0}) >= 0);
    gl_vague_destroy(vague);
}

Test(classify_vague, damaged_files_are_refused)
{
    gl_buf bytes = {0};
    gl_err err = {0};

    cr_assert(gl_buf_read_file(&bytes, path, GL_VAGUE_FILE_LIMIT_BYTES));
    for (size_t cut = 0; cut < bytes.len; cut += 997)
        cr_expect_null(gl_vague_parse((gl_str){(const char *)bytes.data, cut}, &err), "cut at %zu", cut);
    for (size_t at = 0; at < bytes.len; at += 1009) {
        bytes.data[at] ^= 1;
        cr_expect_null(gl_vague_parse(gl_buf_view(&bytes), &err), "changed at %zu", at);
        cr_expect_str_eq(err.code, "vague-invalid");
        bytes.data[at] ^= 1;
    }
    gl_vague *vague = gl_vague_parse(gl_buf_view(&bytes), &err);
    cr_expect_not_null(vague);
    gl_vague_destroy(vague);
    gl_buf_free(&bytes);
    cr_expect_null(gl_vague_open("/nonexistent/vague.glv", &err));
    cr_expect_str_eq(err.code, "vague-unreadable");
}
