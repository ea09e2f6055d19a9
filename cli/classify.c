/* greenlane classify: HS codes for descriptions, a text a line or as arguments, without any service; officers' rulings
 * are read from Kafka when asked for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "classify/desk.h"
#include "cli/classify_tariff.h"
#include "cli/command.h"
#include "cli/found.h"
#include "cli/rulings.h"

enum { CACHE_ENTRIES = 100000 };

typedef struct run {
    gl_desk *desk;
    gl_ask ask; /* but for the description */
    bool json;
    bool refused; /* at least one */
    bool failed;  /* to write */
} run;

static void put_percent(gl_buf *out, const char *before, const gl_hs_candidate *candidate)
{
    gl_buf_printf(out, "%s%-6s  %5.1f %%\n", before, candidate->hs6, candidate->confidence_ppm / 1e4);
}

/* For people: the answer with what it rolls up to, the candidates, and what of a declared code. */
/* The words that the likeliest code rests on, and what the goods lexicon has under which code. */
static void put_reasons(gl_buf *out, gl_desk *desk, const gl_ask *ask, const gl_reply *reply)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    gl_weighed words[GL_WEIGH_SHOWN];
    size_t word_count = gl_desk_weigh(desk, ask, reply, normal, words);
    gl_close_term at[GL_TERMS_SHOWN];
    size_t count = gl_desk_closest(desk, ask, at);

    for (size_t i = 0; i < word_count; i++)
        gl_buf_printf(out, "  without \"%.*s\": %s %.1f %%\n", GL_STR_ARG(words[i].word), reply->text.result.top[0].hs6,
                      words[i].without_ppm / 1e4);

    for (size_t i = 0; i < count; i++)
        gl_buf_printf(out, "  closest %.*s: \"%.*s\"%s%.*s, %.0f %% alike\n", GL_STR_ARG(at[i].code),
                      GL_STR_ARG(at[i].term), at[i].decides.len > 0 ? ", " : "", GL_STR_ARG(at[i].decides),
                      at[i].similarity_ppm / 1e4);
}

static void put_text(gl_buf *out, gl_desk *desk, const gl_ask *ask, const gl_reply *reply)
{
    gl_missing missing;
    const gl_hs_candidate *answer = gl_text_class_answer(&reply->text);
    const gl_hs_result *result = &reply->text.result;

    gl_buf_printf(out, "%s (%s)\n", gl_reply_status(reply), reply->text.reason);
    if (answer != NULL)
        put_percent(out, "answer ", answer);
    for (size_t i = 0; i < reply->list.count; i++)
        put_percent(out, "  ", &reply->list.at[i]);
    if (gl_text_class_is_tightened(&reply->text))
        gl_buf_printf(out, "  tightened by what officers found: times %.3f, claimed were %.1f %%\n",
                      reply->text.tightening.factor_ppm / 1e6, reply->text.claimed_ppm / 1e4);
    if (result->count > 0)
        gl_buf_printf(out, "  heading %s %.1f %%, chapter %s %.1f %%\n", result->group[1].hs6,
                      result->group[1].confidence_ppm / 1e4, result->group[0].hs6,
                      result->group[0].confidence_ppm / 1e4);
    gl_desk_missing(desk, ask, reply, &missing);
    for (size_t i = 0; i < missing.count; i++) {
        gl_buf_text(out, "  ? ");
        gl_fact_question_text(out, &missing.asked[i]);
        gl_buf_byte(out, '\n');
    }
    if (ask->national != NULL)
        gl_tariff_put_text(out, gl_classifier_abstain_ppm(gl_desk_classifier(desk)), ask, reply);
    if (ask->explain)
        put_reasons(out, desk, ask, reply);
    if (reply->text.precedent != NULL)
        gl_ruling_show(out, reply->text.precedent, "  ");
    if (ask->declared.len == 0)
        return;
    gl_buf_printf(out, "declared %.*s: %s", GL_STR_ARG(ask->declared),
                  gl_classification_verdict_name(gl_text_class_verdict(&reply->text, ask->declared)));
    if (result->has_declared)
        gl_buf_printf(out, ", %.1f %%", result->declared_ppm / 1e4);
    gl_buf_byte(out, '\n');
}

static void answer(run *r, gl_str description)
{
    gl_ask ask = r->ask;
    gl_reply reply;
    gl_buf out = {0};

    ask.description = description;
    gl_desk_answer(r->desk, &ask, &reply);
    r->refused |= reply.too_long;
    if (r->json) {
        gl_reply_json(&out, r->desk, &ask, &reply);
        gl_buf_byte(&out, '\n');
    } else {
        put_text(&out, r->desk, &ask, &reply);
    }
    r->failed |= fwrite(out.data, 1, out.len, stdout) != out.len;
    gl_buf_free(&out);
}

/* One answer a line, in order. Of a line that is too long a byte more than the limit is kept, which tells. */
static bool answer_lines(run *r, FILE *in)
{
    static char line[GL_DESK_LIMIT_DESCRIPTION_BYTES + 1];
    size_t len = 0;
    bool any = false;

    for (int c = getc_unlocked(in); c != EOF && !r->failed; c = getc_unlocked(in)) {
        any = c != '\n';
        if (c != '\n') {
            if (len < sizeof line)
                line[len++] = (char)c;
            continue;
        }
        answer(r, (gl_str){line, len > 0 && len < sizeof line && line[len - 1] == '\r' ? len - 1 : len});
        len = 0;
    }
    if (any && !r->failed)
        answer(r, (gl_str){line, len});
    return ferror(in) == 0;
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode));
}

static int answer_file(run *r, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *in = standard ? stdin : fopen(path, "r");

    if (in == NULL)
        return gl_complain(GL_EXIT_UNAVAILABLE, "%s: %s", path, strerror(errno));
    bool good = answer_lines(r, in);
    int why = errno;
    if (!standard)
        fclose(in);
    return good ? GL_EXIT_OK : gl_complain(GL_EXIT_UNAVAILABLE, "%s: %s", path, strerror(why));
}

static gl_classifier *open_classifier(const char *models, gl_err *err)
{
    char model_path[4096], gate_path[4096];

    snprintf(model_path, sizeof model_path, "%s/classify/hs6.glm", models);
    snprintf(gate_path, sizeof gate_path, "%s/classify/vague.txt", models);
    gl_classifier *classifier = gl_classifier_open(model_path, gate_path, 0, err);
    snprintf(gate_path, sizeof gate_path, "%s/classify/vague.glv", models);
    if (classifier == NULL || gl_classifier_use_gate(classifier, gate_path, 0, err))
        return classifier;
    gl_classifier_destroy(classifier);
    return NULL;
}

static gl_facts *open_facts(const char *models, gl_err *err)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/classify/facts.txt", models);
    return gl_facts_open(path, err);
}

/* Where they are to be shown. */
static bool open_terms(const char *models, bool wanted, gl_terms **terms, gl_err *err)
{
    char path[4096];

    if (!wanted)
        return true;
    snprintf(path, sizeof path, "%s/classify/terms.gz", models);
    *terms = gl_terms_open(path, err);
    return *terms != NULL;
}

/* `count` arguments from argv[1]. */
static int answer_arguments(run *r, int count, char **argv, bool texts)
{
    int status = GL_EXIT_OK;

    if (count == 0 && isatty(STDIN_FILENO) == 1)
        return gl_complain(GL_EXIT_USAGE, "classify what? Give a file of descriptions, a text a line, or descriptions, "
                                          "each in quotes");
    if (count == 0)
        status = answer_file(r, "-");
    else if (count == 1 && !texts && (strcmp(argv[1], "-") == 0 || is_file(argv[1])))
        status = answer_file(r, argv[1]);
    else
        for (int i = 1; i <= count; i++)
            answer(r, gl_str_of(argv[i]));
    if (fflush(stdout) != 0 || r->failed)
        return gl_complain(GL_EXIT_UNAVAILABLE, "standard output: %s", strerror(errno));
    return status != GL_EXIT_OK ? status : r->refused ? GL_EXIT_REFUSED : GL_EXIT_OK;
}

/* `*precedents` stays NULL where no brokers are named. */
static bool open_rulings(const run *r, const char *brokers, gl_precedents **precedents, gl_err *err)
{
    if (r->ask.explain && brokers[0] == '\0')
        brokers = gl_env("KAFKA_BROKERS", "");
    if (r->ask.explain && brokers[0] == '\0')
        gl_complain(0, "rulings are not known without --brokers or KAFKA_BROKERS: what follows is the model's");
    if (brokers[0] == '\0')
        return true;
    *precedents = gl_precedents_new(0);
    return gl_rulings_load(*precedents, brokers, err);
}

/* As classify tightens where its configuration says nothing else; `*calibration` stays NULL where no submitter is
 * named. */
static bool open_findings(const run *r, const char *brokers, gl_classifier *classifier, gl_calibration **calibration,
                          gl_err *err)
{
    enum { LEAST = 30, DAYS = 180 };
    gl_calibration_conf conf = {.by = GL_CALIBRATION_DRAWN, .least = LEAST, .window_us = INT64_C(86400000000) * DAYS};
    if (r->ask.submitter.len == 0)
        return true;
    if (brokers[0] == '\0')
        brokers = gl_env("KAFKA_BROKERS", "");
    if (brokers[0] == '\0')
        return gl_fail(err, GL_FATAL, "brokers-missing", "--submitter needs --brokers or KAFKA_BROKERS");
    *calibration = gl_calibration_new(&conf, gl_classifier_version(classifier), gl_wall_us(), 0);
    gl_classifier_calibrate(classifier, *calibration);
    return gl_found_load(*calibration, brokers, err);
}

static int run_classify(int argc, char **argv)
{
    const char *models = gl_env("GREENLANE_MODELS", "models"), *brokers = "";
    int64_t limit = GL_DESK_USUAL_CANDIDATES;
    const char *declared = "", *submitter = "";
    gl_tariff_options tariff = {"", "", ""};
    gl_national *national = NULL;
    run r = {0};
    bool texts = false, explain = false;
    const gl_option options[] = {
        {"declared", GL_OPTION_TEXT, &declared, "Compare with this declared code."},
        {"limit", GL_OPTION_INT, &limit, "Candidates of each description (3, at most 100)."},
        {"tariff-file", GL_OPTION_TEXT, &tariff.file, "National codes too, of this tariff: FORMAT:FILE."},
        {"value", GL_OPTION_TEXT, &tariff.value, "Customs value, for duties: \"100.00 GBP\"."},
        {"net-mass", GL_OPTION_TEXT, &tariff.net_mass, "Kilograms, for duties by mass."},
        {"explain", GL_OPTION_FLAG, &explain,
         "Say why: the words that the answer rests on; the closest terms of the goods lexicon; of a ruling who made "
         "it, when and for what reason. Asks "
         "$KAFKA_BROKERS for rulings unless --brokers "
         "is given."},
        {"submitter", GL_OPTION_TEXT, &submitter,
         "Tighten confidence by what officers found of this one's declarations, as classify does by default."},
        {"brokers", GL_OPTION_TEXT, &brokers, "Kafka's brokers: officers' rulings go before the model's answers."},
        {"json", GL_OPTION_FLAG, &r.json, "As JSON, one object a line, in order."},
        {"text", GL_OPTION_FLAG, &texts, "The argument is a description, also when there is a file of that name."},
        {"models", GL_OPTION_TEXT, &models, "Directory of the models (default $GREENLANE_MODELS or models)."},
    };
    int count = gl_options_parse(&gl_command_classify, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if (limit < 1 || limit > GL_HS_LIST_LIMIT)
        return gl_complain(GL_EXIT_USAGE, "--limit is 1 to %d", GL_HS_LIST_LIMIT);
    if (declared[0] != '\0' && !gl_desk_is_code(gl_str_of(declared)))
        return gl_complain(GL_EXIT_USAGE, "--declared: \"%s\" is not a code of 2 to %d digits", declared,
                           GL_DESK_LIMIT_DECLARED_DIGITS);
    r.ask = (gl_ask){
        .declared = gl_str_of(declared), .limit = (size_t)limit, .explain = explain, .submitter = gl_str_of(submitter)};
    gl_err err = {0};
    if (!gl_tariff_options_read(&tariff, &r.ask, &national, &err))
        return gl_complain_err(err.action == GL_FATAL ? GL_EXIT_UNAVAILABLE : GL_EXIT_USAGE, &err);
    gl_classifier *classifier = open_classifier(models, &err);
    gl_facts *facts = classifier == NULL ? NULL : open_facts(models, &err);
    gl_precedents *precedents = NULL;
    gl_calibration *calibration = NULL;
    gl_terms *terms = NULL;
    int status = GL_EXIT_UNAVAILABLE;
    if (facts != NULL && open_terms(models, r.ask.explain, &terms, &err) &&
        open_rulings(&r, brokers, &precedents, &err) && open_findings(&r, brokers, classifier, &calibration, &err)) {
        gl_classifier_use(classifier, precedents);
        r.desk = gl_desk_new(classifier, CACHE_ENTRIES);
        gl_desk_use_facts(r.desk, facts);
        gl_desk_use_terms(r.desk, terms);
        gl_desk_explain(r.desk);
        status = answer_arguments(&r, count, argv, texts);
        gl_desk_destroy(r.desk);
    } else {
        gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    }
    gl_national_destroy(national);
    gl_facts_destroy(facts);
    gl_terms_destroy(terms);
    gl_classifier_destroy(classifier);
    gl_precedents_destroy(precedents);
    gl_calibration_destroy(calibration);
    return status;
}

const gl_command gl_command_classify = {"classify", "HS codes for descriptions", "[FILE | - | TEXT...]",
                                        "Classifies descriptions: the likeliest subheadings with calibrated "
                                        "confidence, and the answer, which is as deep as it is sure\n"
                                        "(subheading, heading, chapter) and never padded; or why there is none. "
                                        "Without arguments, with - or with a file a line is a\n"
                                        "description, and the answers come in that order; other arguments are "
                                        "descriptions. A line of more than 8,192 bytes is refused.\n"
                                        "Exit code 1: a line was refused.\n"
                                        "Formats of tariffs: csv (code, description, rate), uk-global-tariff, "
                                        "uk-global-tariff-cet (the EU's rates of that file), us-hts; also as gzip.\n\n"
                                        "  greenlane classify \"men's cotton t-shirt\" --declared 610910\n"
                                        "  greenlane classify \"men's cotton t-shirt\" --tariff-file "
                                        "uk-global-tariff:tariff.csv --value \"100 GBP\"\n"
                                        "  greenlane classify \"men's cotton t-shirt\" --explain\n"
                                        "  greenlane classify descriptions.txt --json --limit 5",
                                        run_classify};
