/* Microseconds a text: bench_classify FILE [ROUNDS] (a text a line). Prints normalising and gating, the model, and the
 * worker's cache. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "classify/cache.h"
#include "classify/classifier.h"

enum { TEXT_LIMIT = 100000, LINE_BYTES = 8192 };

static char *texts[TEXT_LIMIT];
static size_t text_count;

static void read_texts(const char *path)
{
    static char line[LINE_BYTES];
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        perror(path);
        exit(1);
    }
    while (text_count < TEXT_LIMIT && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = 0;
        texts[text_count++] = strdup(line);
    }
    fclose(file);
}

static double per_text(int64_t began_us, size_t rounds)
{
    return (double)(gl_thread_cpu_us() - began_us) / (double)(text_count * rounds);
}

int main(int argc, char **argv)
{
    gl_err err = {0};
    gl_classifier *classifier = gl_classifier_open(GL_SOURCE_DIR "/models/classify/hs6.glm",
                                                   GL_SOURCE_DIR "/models/classify/vague.txt", 0, &err);
    size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 3, classified = 0, vague = 0, bytes = 0;

    if (argc < 2 || classifier == NULL || rounds == 0) {
        fprintf(stderr, "bench_classify FILE [ROUNDS]: %s\n", err.message);
        return 2;
    }
    read_texts(argv[1]);
    if (text_count == 0)
        return 2;
    gl_hs_scratch *scratch = gl_hs_scratch_new(gl_classifier_model(classifier));
    gl_text_cache *cache = gl_text_cache_new(TEXT_LIMIT, 0);
    int64_t began = gl_thread_cpu_us();
    for (size_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < text_count; i++) {
            char buffer[GL_TEXT_OUTPUT_MAX];
            gl_str normal;
            gl_text_class text;
            vague += !gl_classifier_admit(classifier, gl_str_of(texts[i]), buffer, &normal, &text);
            bytes += normal.len;
        }
    double admit = per_text(began, rounds);
    began = gl_thread_cpu_us();
    for (size_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < text_count; i++) {
            gl_text_class text;
            gl_classifier_classify(classifier, scratch, gl_str_of(texts[i]), (gl_str){NULL, 0}, &text);
            classified += text.status == GL_CLASSIFICATION_STATUS_CLASSIFIED;
        }
    double whole = per_text(began, rounds);
    began = gl_thread_cpu_us();
    size_t hits = 0;
    for (size_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < text_count; i++) {
            char buffer[GL_TEXT_OUTPUT_MAX];
            gl_hs_result result = {0};
            gl_text_key key = gl_text_key_of(gl_text_normalise(gl_str_of(texts[i]), buffer), (gl_str){NULL, 0});
            if (gl_text_cache_get(cache, &key, &result, NULL))
                hits++;
            else
                gl_text_cache_put(cache, &key, &result, NULL);
        }
    printf("%zu texts of %.0f bytes: normalise and gate %.2f us, all %.2f us, cache %.2f us (%.0f %% hits); %.1f %% "
           "vague, %.1f %% classified\n",
           text_count, (double)bytes / (double)(text_count * rounds), admit, whole, per_text(began, rounds),
           100.0 * (double)hits / (double)(text_count * rounds), 100.0 * (double)vague / (double)(text_count * rounds),
           100.0 * (double)classified / (double)(text_count * rounds));
    gl_text_cache_destroy(cache);
    gl_hs_scratch_destroy(scratch);
    gl_classifier_destroy(classifier);
    for (size_t i = 0; i < text_count; i++)
        free(texts[i]);
    return 0;
}
