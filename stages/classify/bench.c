/* How fast descriptions are classified, and the HTTP service without a stack around it.
 *
 * bench_classify FILE [SECONDS]: a text a line. Microseconds of CPU of one thread a text: normalising and gate, the
 * whole from text to ranked answer with a cold cache, the same from the cache. bench_classify --serve THREADS: serves
 * on a free port of 127.0.0.1, which it prints, until its standard input ends. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "classify/desk.h"
#include "classify/serve.h"

enum { TEXT_LIMIT = 100000, LINE_BYTES = 8192, CANDIDATES = 5 };

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

typedef struct measured {
    double us; /* of CPU, a text */
    size_t asked, way[GL_REPLY_RULED + 1];
} measured;

/* Whole rounds over the texts, for at least `seconds` of CPU. */
static measured ask_all(gl_desk *desk, double seconds)
{
    measured m = {0};
    int64_t began = gl_thread_cpu_us(), spent = 0;

    while ((double)spent < seconds * 1e6) {
        for (size_t i = 0; i < text_count; i++) {
            gl_ask ask = {.description = gl_str_of(texts[i]), .limit = CANDIDATES};
            gl_reply reply;
            gl_desk_answer(desk, &ask, &reply);
            m.way[reply.way]++;
        }
        m.asked += text_count;
        spent = gl_thread_cpu_us() - began;
    }
    m.us = (double)spent / (double)m.asked;
    return m;
}

static double admit_all(const gl_classifier *classifier, size_t *bytes)
{
    int64_t began = gl_thread_cpu_us();

    for (size_t i = 0; i < text_count; i++) {
        char buffer[GL_TEXT_OUTPUT_MAX];
        gl_str normal;
        gl_text_class text;
        gl_classifier_admit(classifier, gl_str_of(texts[i]), buffer, &normal, &text);
        *bytes += normal.len;
    }
    return (double)(gl_thread_cpu_us() - began) / (double)text_count;
}

static void print_row(const char *what, const measured *m)
{
    printf("| %s | %.2f | %.0f | %.1f %% | %.1f %% |\n", what, m->us, 1e6 / m->us,
           100.0 * (double)m->way[GL_REPLY_CACHED] / (double)m->asked,
           100.0 * (double)m->way[GL_REPLY_REFUSED] / (double)m->asked);
}

static void measure(const gl_classifier *classifier, double seconds)
{
    gl_desk *cold = gl_desk_new(classifier, 0), *warm = gl_desk_new(classifier, 2 * TEXT_LIMIT);
    size_t bytes = 0;
    double admit = admit_all(classifier, &bytes);

    printf("%zu texts of %.0f bytes; normalising and gate alone %.2f us; %d candidates each.\n\n", text_count,
           (double)bytes / (double)text_count, admit, CANDIDATES);
    printf("| one thread | us a text | texts/s | from the cache | vague or no text |\n|---|---|---|---|---|\n");
    measured m = ask_all(cold, seconds);
    print_row("cold cache", &m);
    ask_all(warm, 0.001);
    m = ask_all(warm, seconds);
    print_row("from the cache", &m);
    gl_desk_destroy(cold);
    gl_desk_destroy(warm);
}

static int serve(const gl_classifier *classifier, int threads)
{
    gl_serve_conf conf = {.http = {.listen = "127.0.0.1:0",
                                   .body_limit_bytes = 1 << 20,
                                   .connection_limit = 1000,
                                   .idle_timeout_ms = 30000,
                                   .threads = threads,
                                   .pending_limit_bytes = 64 << 20,
                                   .tls_certificate = "",
                                   .tls_key = "",
                                   .tls_ca = ""},
                          .access = "",
                          .facts = GL_SOURCE_DIR "/models/classify/facts.txt",
                          .terms = GL_SOURCE_DIR "/models/classify/terms.gz",
                          .cache_entries = TEXT_LIMIT};
    gl_err err = {0};
    gl_serve *service = gl_serve_start(&conf, classifier, NULL, NULL, &err);

    if (service == NULL) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    printf("%d\n", gl_serve_port(service));
    fflush(stdout);
    while (getchar() != EOF)
        ;
    gl_serve_stop(service);
    return 0;
}

int main(int argc, char **argv)
{
    gl_err err = {0};
    gl_classifier *classifier = gl_classifier_open(GL_SOURCE_DIR "/models/classify/hs6.glm",
                                                   GL_SOURCE_DIR "/models/classify/vague.txt", 0, &err);
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 2;
    int status = 0;

    gl_log_init("bench", GL_LOG_ERROR);
    if (argc < 2 || classifier == NULL || !(seconds > 0) ||
        !gl_classifier_use_gate(classifier, GL_SOURCE_DIR "/models/classify/vague.glv", 0, &err)) {
        fprintf(stderr, "bench_classify FILE [SECONDS] | --serve THREADS: %s\n", err.message);
        return 2;
    }
    if (strcmp(argv[1], "--serve") == 0) {
        status = serve(classifier, (int)seconds);
    } else {
        read_texts(argv[1]);
        if (text_count == 0)
            return 2;
        measure(classifier, seconds);
    }
    gl_classifier_destroy(classifier);
    for (size_t i = 0; i < text_count; i++)
        free(texts[i]);
    return status;
}
