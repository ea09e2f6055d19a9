/* How fast descriptions are classified, and the HTTP service without a stack around it.
 *
 * bench_classify FILE [SECONDS [FORMAT:TARIFF]]: a text a line. Microseconds of CPU of one thread a text: normalising
 * and gate, the whole from text to ranked answer with a cold cache, the same from the cache; with a tariff, what it
 * adds to an item of the stream's record, its second candidate being declared. bench_classify --serve THREADS: serves
 * on a free port of 127.0.0.1, which it prints, until its standard input ends. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "classify/desk.h"
#include "classify/national_record.h"
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

/* ---- what a tariff adds ---- */

typedef struct goods {
    gl_text_class text;
    gl_declaration_goods_item item;
} goods;

/* As the stream has them by the time that the tariff is asked. */
static goods *classify_all(const gl_classifier *classifier)
{
    static gl_declaration_amount price = {2499, 2, {"GBP", 3}};
    static gl_declaration_measure mass = {250, 3, {"KGM", 3}};
    gl_hs_scratch *scratch = gl_hs_scratch_new(gl_classifier_model(classifier));
    goods *all = calloc(text_count, sizeof *all);

    if (all == NULL)
        abort();
    for (size_t i = 0; i < text_count; i++) {
        goods *one = &all[i];
        one->item = (gl_declaration_goods_item){
            .description = gl_str_of(texts[i]), .item_charge_amount = &price, .net_mass = &mass};
        gl_classifier_classify(classifier, scratch, one->item.description, (gl_str){NULL, 0}, &one->text);
        if (one->text.result.count < 2)
            continue;
        one->item.commodity_code = gl_str_of(one->text.result.top[1].hs6);
        gl_text_class again;
        gl_classifier_classify(classifier, scratch, one->item.description, one->item.commodity_code, &again);
        one->text.result.has_declared = again.result.has_declared;
        one->text.result.declared_ppm = again.result.declared_ppm;
    }
    gl_hs_scratch_destroy(scratch);
    return all;
}

static void measure_national(const gl_classifier *classifier, const gl_national *national, double seconds)
{
    goods *all = classify_all(classifier);
    gl_arena *scratch = gl_arena_new(0), *arena = gl_arena_new(0);
    size_t asked = 0, results[GL_NATIONAL_RESULTS] = {0}, at_stake = 0;
    int64_t began = gl_thread_cpu_us(), spent = 0;

    for (; (double)spent < seconds * 1e6; spent = gl_thread_cpu_us() - began, asked += text_count)
        for (size_t i = 0; i < text_count; i++) {
            gl_classification_item_national out;
            if (i % 1000 == 0)
                gl_arena_reset(arena);
            results[gl_national_item(&out, national, classifier, &all[i].item, &all[i].text, scratch, arena)]++;
            at_stake += out.duty_at_stake != NULL;
        }
    double share = 100.0 / (double)asked;
    printf("\n%s: %.2f us an item; %.0f %% get a national code, of %.0f %% the tariff does not have the subheading, of "
           "%.0f %% the duty at stake is told.\n",
           gl_tariff_version(gl_national_tariff(national)), (double)spent / (double)asked,
           share * (double)results[GL_NATIONAL_ANSWERED], share * (double)results[GL_NATIONAL_UNKNOWN_SUBHEADING],
           share * (double)at_stake);
    gl_arena_destroy(scratch);
    gl_arena_destroy(arena);
    free(all);
}

/* `named`: FORMAT:FILE. */
static gl_national *open_tariff(const char *named)
{
    const char *colon = strchr(named, ':');
    gl_err err = {.message = "no such format"};

    for (int i = 0; i < GL_TARIFF_FORMATS && colon != NULL; i++)
        if (gl_str_eqz((gl_str){named, (size_t)(colon - named)}, gl_tariff_format_names[i])) {
            gl_tariff *tariff = gl_tariff_open("bench", (gl_tariff_format)i, colon + 1, &err);
            if (tariff != NULL)
                return gl_national_new(tariff);
        }
    fprintf(stderr, "%s: %s\n", named, err.message);
    exit(2);
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
        fprintf(stderr, "bench_classify FILE [SECONDS [FORMAT:TARIFF]] | --serve THREADS: %s\n", err.message);
        return 2;
    }
    if (strcmp(argv[1], "--serve") == 0) {
        status = serve(classifier, (int)seconds);
    } else {
        read_texts(argv[1]);
        if (text_count == 0)
            return 2;
        measure(classifier, seconds);
        gl_national *national = argc > 3 ? open_tariff(argv[3]) : NULL;
        if (national != NULL)
            measure_national(classifier, national, seconds);
        gl_national_destroy(national);
    }
    gl_classifier_destroy(classifier);
    for (size_t i = 0; i < text_count; i++)
        free(texts[i]);
    return status;
}
