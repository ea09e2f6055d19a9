/* The desk: lists, roll-up, the depth of the answer and the verdict on a declared code; the same from the cache;
 * hostile texts; several threads. */
#include "classify/desk.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/test_check.h"
#include "classify/test_hostile.h"

enum { THREADS = 4, ROUNDS = 300 };

static gl_classifier *classifier;

static gl_classifier *open_classifier(int64_t abstain_ppm)
{
    gl_err err = {0};
    gl_classifier *opened = gl_classifier_open(GL_SOURCE_DIR "/models/classify/hs6.glm",
                                               GL_SOURCE_DIR "/models/classify/vague.txt", abstain_ppm, &err);
    if (opened == NULL) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    return opened;
}

static gl_reply ask_for(gl_desk *desk, const char *text, const char *declared, size_t limit)
{
    gl_ask ask = {.description = gl_str_of(text), .declared = gl_str_of(declared), .limit = limit};
    gl_reply reply;
    gl_desk_answer(desk, &ask, &reply);
    return reply;
}

static bool same_list(const gl_hs_list *a, const gl_hs_list *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = strcmp(a->at[i].hs6, b->at[i].hs6) == 0 && a->at[i].confidence_ppm == b->at[i].confidence_ppm;
    return equal;
}

static void lists_are_ranked_and_begin_with_the_best_three(void)
{
    gl_desk *desk = gl_desk_new(classifier, 100);
    const gl_hs_model *model = gl_classifier_model(classifier);
    gl_reply all = ask_for(desk, "cotton shirt for men", "", GL_HS_LIST_LIMIT), five;

    CHECK(all.list.count == GL_HS_LIST_LIMIT && all.way == GL_REPLY_COMPUTED);
    for (size_t i = 0; i < all.list.count; i++) {
        CHECK(gl_hs_model_knows_code(model, gl_str_of(all.list.at[i].hs6)));
        CHECK(i == 0 || all.list.at[i].confidence_ppm <= all.list.at[i - 1].confidence_ppm);
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(all.list.at[i].hs6, all.list.at[k].hs6) != 0);
    }
    for (size_t i = 0; i < GL_HS_TOP; i++)
        CHECK(strcmp(all.list.at[i].hs6, all.text.result.top[i].hs6) == 0);
    for (int again = 0; again < 2; again++) {
        five = ask_for(desk, "Cotton SHIRT, for men!", "", 5);
        CHECK(five.way == GL_REPLY_CACHED && five.list.count == 5);
        five.list.count = all.list.count = 5;
        CHECK(same_list(&five.list, &all.list));
    }
    gl_desk_destroy(desk);
}

/* Each group's confidence is the sum over its subheadings; all chapters together come to the ceiling of a text's
 * length. */
static void groups_are_sums_of_their_classes(void)
{
    const gl_hs_model *model = gl_classifier_model(classifier);
    gl_hs_scratch *scratch = gl_hs_scratch_new(model);
    static const char *const texts[] = {"t-shirt", "cotton shirt", "toy", "shoes with rubber soles", "a b c d"};
    gl_hs_list chapters, headings;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        gl_hs_result result;
        double sum = 0;
        gl_hs_model_classify(model, scratch, gl_str_of(texts[i]), &result);
        if (!CHECK(result.count == GL_HS_TOP))
            continue;
        gl_hs_model_list(model, scratch, 0, 100, &chapters);
        gl_hs_model_list(model, scratch, 1, 100, &headings);
        for (size_t k = 0; k < chapters.count; k++)
            sum += (double)chapters.at[k].confidence;
        CHECK(chapters.count > 90 && sum > 0.88 && sum < 1.0001);
        CHECK(strcmp(chapters.at[0].hs6, result.group[0].hs6) == 0 && strlen(result.group[0].hs6) == 2);
        CHECK(strcmp(headings.at[0].hs6, result.group[1].hs6) == 0 && strlen(result.group[1].hs6) == 4);
        CHECK(headings.at[0].confidence_ppm == result.group[1].confidence_ppm);
        for (size_t k = 0; k < headings.count; k++)
            CHECK(gl_hs_model_confidence_ppm(model, scratch, gl_str_of(headings.at[k].hs6)) ==
                  headings.at[k].confidence_ppm);
        gl_str chapter = {result.top[0].hs6, 2}, heading = {result.top[0].hs6, 4};
        CHECK(gl_hs_model_confidence_ppm(model, scratch, heading) >= result.top[0].confidence_ppm);
        CHECK(gl_hs_model_confidence_ppm(model, scratch, chapter) >=
              gl_hs_model_confidence_ppm(model, scratch, heading));
    }
    CHECK(gl_hs_model_confidence_ppm(model, scratch, GL_STR("000000")) == -1);
    CHECK(gl_hs_model_confidence_ppm(model, scratch, GL_STR("610")) == -1);
    CHECK(gl_hs_model_knows(model, GL_STR("61")) && gl_hs_model_knows(model, GL_STR("6109")) &&
          !gl_hs_model_knows(model, GL_STR("7777")) && !gl_hs_model_knows(model, GL_STR("9")) &&
          !gl_hs_model_knows(model, (gl_str){NULL, 0}));
    gl_hs_scratch_destroy(scratch);
}

/* The threshold is put between the confidences of the levels: the answer gets as deep as that. */
static void the_answer_is_as_deep_as_it_is_sure(void)
{
    gl_desk *desk = gl_desk_new(classifier, 10);
    gl_reply reply = ask_for(desk, "womens top knitted", "", 3);
    const gl_hs_result first = reply.text.result;
    const int32_t levels[] = {first.group[0].confidence_ppm, first.group[1].confidence_ppm,
                              first.top[0].confidence_ppm};

    gl_desk_destroy(desk);
    CHECK(levels[0] > levels[1] && levels[1] > levels[2]);
    for (size_t l = 0; l < GL_HS_LEVELS; l++) {
        gl_classifier *strict = open_classifier(levels[l]);
        desk = gl_desk_new(strict, 10);
        reply = ask_for(desk, "womens top knitted", "", 3);
        const gl_hs_candidate *answer = gl_text_class_answer(&reply.text);
        CHECK(reply.text.answer_digits == gl_hs_level_digits[l]);
        CHECK(answer != NULL && answer->confidence_ppm == levels[l] && strlen(answer->hs6) == gl_hs_level_digits[l]);
        CHECK((reply.text.status == GL_CLASSIFICATION_STATUS_CLASSIFIED) == (l == GL_HS_LEVELS - 1));
        gl_desk_destroy(desk);
        gl_classifier_destroy(strict);
    }
    gl_classifier *never = open_classifier(levels[0] + 1);
    desk = gl_desk_new(never, 10);
    reply = ask_for(desk, "womens top knitted", "610610", 3);
    CHECK(gl_text_class_answer(&reply.text) == NULL && reply.list.count == 3);
    CHECK(gl_text_class_verdict(&reply.text, GL_STR("610610")) == GL_CLASSIFICATION_VERDICT_AMBIGUOUS);
    gl_desk_destroy(desk);
    gl_classifier_destroy(never);
}

static gl_text_class text_of(size_t digits, int32_t declared_ppm)
{
    gl_text_class text = {.answer_digits = digits,
                          .result = {.count = GL_HS_TOP,
                                     .top = {{"610910", 500000, 0}, {"610990", 90000, 0}, {"620520", 1, 0}},
                                     .group = {{"61", 950000, 0}, {"6109", 900000, 0}}}};
    text.result.has_declared = declared_ppm >= 0;
    text.result.declared_ppm = declared_ppm >= 0 ? declared_ppm : 0;
    return text;
}

static void verdicts(void)
{
    static const struct {
        size_t digits;
        const char *declared;
        int32_t ppm;
        gl_classification_verdict verdict;
    } cases[] = {
        {6, "610910", 500000, GL_CLASSIFICATION_VERDICT_CONSISTENT},
        {6, "6109100010", 500000, GL_CLASSIFICATION_VERDICT_CONSISTENT},
        {4, "610990", 90000, GL_CLASSIFICATION_VERDICT_FINER_THAN_SURE},
        {2, "61099020", 90000, GL_CLASSIFICATION_VERDICT_FINER_THAN_SURE},
        {6, "610990", 90000, GL_CLASSIFICATION_VERDICT_AMBIGUOUS},
        {6, "610990", 49999, GL_CLASSIFICATION_VERDICT_CONTRADICTORY},
        {4, "620520", 1, GL_CLASSIFICATION_VERDICT_CONTRADICTORY},
        {2, "620520", 50000, GL_CLASSIFICATION_VERDICT_AMBIGUOUS},
        {0, "620520", 1, GL_CLASSIFICATION_VERDICT_AMBIGUOUS},
        {6, "610999", -1, GL_CLASSIFICATION_VERDICT_AMBIGUOUS},
        {6, "999999", -1, GL_CLASSIFICATION_VERDICT_CONTRADICTORY},
        {2, "999999", -1, GL_CLASSIFICATION_VERDICT_CONTRADICTORY},
        {6, "6109", -1, GL_CLASSIFICATION_VERDICT_NOT_COMPARED},
        {6, "", -1, GL_CLASSIFICATION_VERDICT_NOT_COMPARED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_text_class text = text_of(cases[i].digits, cases[i].ppm);
        gl_classification_verdict verdict = gl_text_class_verdict(&text, gl_str_of(cases[i].declared));
        if (!CHECK(verdict == cases[i].verdict))
            fprintf(stderr, "case %zu: %s\n", i, gl_classification_verdict_name(verdict));
    }
    gl_text_class nothing = {.status = GL_CLASSIFICATION_STATUS_VAGUE};
    CHECK(gl_text_class_verdict(&nothing, GL_STR("610910")) == GL_CLASSIFICATION_VERDICT_NOT_COMPARED);
}

/* Confidence of a declared code is the model's, wherever it comes from, also beyond the candidates. */
static void a_declared_code_has_its_confidence(void)
{
    gl_desk *desk = gl_desk_new(classifier, 100);
    gl_reply all = ask_for(desk, "mens cotton t-shirt", "", GL_HS_LIST_LIMIT);

    for (size_t i = 0; i < all.list.count; i += 13)
        for (int again = 0; again < 2; again++) {
            gl_reply reply = ask_for(desk, "mens cotton t-shirt", all.list.at[i].hs6, 3);
            CHECK(reply.text.result.has_declared && reply.text.result.declared_ppm == all.list.at[i].confidence_ppm);
            CHECK(reply.way == (again == 0 ? GL_REPLY_COMPUTED : GL_REPLY_CACHED));
        }
    CHECK(!ask_for(desk, "mens cotton t-shirt", "000000", 3).text.result.has_declared);
    gl_desk_destroy(desk);
}

static bool json_is(gl_desk *desk, gl_ask ask, const char *begins, const char *has)
{
    gl_buf out = {0};
    gl_reply reply;
    gl_desk_answer(desk, &ask, &reply);
    gl_reply_json(&out, desk, &ask, &reply);
    gl_buf_byte(&out, 0);
    bool good =
        strncmp((const char *)out.data, begins, strlen(begins)) == 0 && strstr((const char *)out.data, has) != NULL;
    if (!good)
        fprintf(stderr, "%s\n", (const char *)out.data);
    gl_buf_free(&out);
    return good;
}

static void as_json(void)
{
    gl_desk *desk = gl_desk_new(classifier, 0);

    CHECK(json_is(desk, (gl_ask){.description = GL_STR("jigsaw puzzle for children"), .limit = 2},
                  "{\"description\":\"jigsaw puzzle for children\",\"abstained\":false,\"answer\":{\"code\":\"950300\","
                  "\"confidence\":0.",
                  "\"status\":\"CLASSIFIED\",\"reason\":\"confident\",\"model_version\":\"hs6-"));
    CHECK(json_is(
        desk, (gl_ask){.description = GL_STR("jigsaw puzzle for children"), .declared = GL_STR("610910"), .limit = 2},
        "{\"description\"",
        "\"verdict\":\"CONTRADICTORY\",\"agreement\":\"DIFFERS\",\"better\":[{\"code\":"
        "\"950300\""));
    CHECK(json_is(desk, (gl_ask){.description = GL_STR("gift"), .limit = 3},
                  "{\"description\":\"gift\",\"abstained\":true,\"answer\":null,\"roll_up\":[],\"candidates\":[],"
                  "\"status\":\"VAGUE\",\"reason\":\"vague-term\",\"model_version\":\"hs6-",
                  "\",\"missing\":[]}"));
    CHECK(json_is(desk, (gl_ask){.description = {"a\0b\xff", 4}, .limit = 3},
                  "{\"description\":\"a\\u0000b\xef\xbf\xbd\"", "}"));
    gl_desk_destroy(desk);
}

/* Asked back is what decides between candidates that are close, also beyond the limit, and from the cache as well. */
static void what_is_missing_is_asked(void)
{
    gl_err err = {0};
    gl_facts *facts = gl_facts_open(GL_SOURCE_DIR "/models/classify/facts.txt", &err);
    gl_desk *desk = gl_desk_new(classifier, 100), *silent = gl_desk_new(classifier, 0);
    gl_ask shoes = {.description = GL_STR("footwear"), .limit = 1},
           sure = {.description = GL_STR("jigsaw puzzle"), .limit = 3};
    gl_ask gift = {.description = GL_STR("gift"), .limit = 3}, empty = {.description = {NULL, 0}, .limit = 3};

    CHECK(facts != NULL);
    gl_desk_use_facts(desk, facts);
    for (int again = 0; again < 2; again++)
        CHECK(json_is(desk, shoes, "{\"description\":\"footwear\"",
                      "\"missing\":[{\"attribute\":\"material\",\"question\":\"What are upper and sole made of: "));
    CHECK(json_is(desk, sure, "{\"description\"", "\"missing\":[]}"));
    CHECK(
        json_is(desk, gift, "{\"description\"", "\"missing\":[{\"attribute\":\"goods\",\"question\":\"What are the "));
    CHECK(
        json_is(desk, empty, "{\"description\"", "\"missing\":[{\"attribute\":\"goods\",\"question\":\"What are the "));
    CHECK(json_is(silent, shoes, "{\"description\"", "\"missing\":[]}"));
    gl_desk_destroy(desk);
    gl_desk_destroy(silent);
    gl_facts_destroy(facts);
}

/* Codes of the model or none, a reason, and JSON that is text. */
static void is_answered(gl_desk *desk, gl_str text, bool refused)
{
    gl_ask ask = {.description = text, .declared = GL_STR("610910"), .limit = GL_HS_LIST_LIMIT};
    int64_t began_ms = hostile_cpu_ms();
    gl_buf out = {0};
    gl_reply reply;

    gl_desk_answer(desk, &ask, &reply);
    gl_reply_json(&out, desk, &ask, &reply);
    CHECK(hostile_cpu_ms() - began_ms < HOSTILE_CPU_LIMIT_MS);
    CHECK(reply.text.reason != NULL && reply.too_long == refused);
    CHECK((strcmp(gl_reply_status(&reply), "REFUSED") == 0) == refused && (!refused || reply.list.count == 0));
    for (size_t k = 0; k < reply.list.count; k++)
        CHECK(gl_hs_model_knows_code(gl_classifier_model(classifier), gl_str_of(reply.list.at[k].hs6)));
    CHECK(gl_str_is_utf8(gl_buf_view(&out), NULL) && memchr(out.data, 0, out.len) == NULL);
    gl_buf_free(&out);
}

/* Whatever the text is, it is answered or refused at once. */
static void hostile_ones(void)
{
    gl_err err = {0};
    gl_facts *facts = gl_facts_open(GL_SOURCE_DIR "/models/classify/facts.txt", &err);
    gl_desk *desk = gl_desk_new(classifier, 10);

    CHECK(facts != NULL);
    gl_desk_use_facts(desk, facts);
    is_answered(desk, (gl_str){NULL, 0}, false);
    for (size_t i = 0; i < HOSTILE_COUNT; i++) {
        char *text = hostile_repeat(hostile_texts[i], HOSTILE_LARGE_BYTES);
        is_answered(desk, hostile_texts[i], false);
        is_answered(desk, (gl_str){text, GL_DESK_LIMIT_DESCRIPTION_BYTES}, false);
        is_answered(desk, (gl_str){text, GL_DESK_LIMIT_DESCRIPTION_BYTES + 1}, true);
        is_answered(desk, (gl_str){text, HOSTILE_LARGE_BYTES}, true);
        free(text);
    }
    gl_desk_destroy(desk);
    gl_facts_destroy(facts);
}

/* What the trained gate takes for vague has candidates and no answer; the threshold decides, the words go first. */
static void the_gate_leaves_candidates_and_no_answer(void)
{
    static const int64_t above_ppm[] = {1, 1000000};
    static const char gate[] = GL_SOURCE_DIR "/models/classify/vague.glv";

    for (size_t i = 0; i < 2; i++) {
        gl_err err = {0};
        gl_classifier *gated = open_classifier(0);
        CHECK(gl_classifier_use_gate(gated, gate, above_ppm[i], &err));
        CHECK(strstr(gl_classifier_version(gated), "+vague-") != NULL);
        gl_desk *desk = gl_desk_new(gated, 10);
        for (int again = 0; again < 2; again++) {
            gl_reply reply = ask_for(desk, "jigsaw puzzle for children", "950300", 3);
            bool vague = reply.text.status == GL_CLASSIFICATION_STATUS_VAGUE;
            CHECK(vague == (i == 0) && strcmp(reply.text.reason, vague ? "vague-text" : "confident") == 0);
            CHECK((gl_text_class_answer(&reply.text) == NULL) == vague && reply.list.count == 3);
            CHECK(gl_text_class_verdict(&reply.text, GL_STR("950300")) ==
                  (vague ? GL_CLASSIFICATION_VERDICT_AMBIGUOUS : GL_CLASSIFICATION_VERDICT_CONSISTENT));
        }
        CHECK(strcmp(ask_for(desk, "gift", "", 3).text.reason, "vague-term") == 0);
        gl_desk_destroy(desk);
        gl_classifier_destroy(gated);
    }
    gl_err err = {0};
    CHECK(!gl_classifier_use_gate(classifier, "/nonexistent/vague.glv", 0, &err));
}

typedef struct crowd {
    gl_desk *desk;
    gl_hs_list expected[8];
} crowd;

static void *one_of_many(void *context)
{
    crowd *c = context;
    for (int i = 0; i < ROUNDS; i++) {
        char text[64];
        snprintf(text, sizeof text, "leather wallet kind %c", 'a' + i % 8);
        gl_reply reply = ask_for(c->desk, text, "", 4);
        CHECK(same_list(&reply.list, &c->expected[i % 8]));
    }
    return NULL;
}

/* A cache of one entry a part: they push each other out. */
static void many_threads_agree(void)
{
    crowd c = {.desk = gl_desk_new(classifier, 4)};
    pthread_t threads[THREADS];
    gl_desk *alone = gl_desk_new(classifier, 0);

    for (int i = 0; i < 8; i++) {
        char text[64];
        snprintf(text, sizeof text, "leather wallet kind %c", 'a' + i);
        c.expected[i] = ask_for(alone, text, "", 4).list;
    }
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, one_of_many, &c) != 0)
            abort();
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    gl_desk_destroy(alone);
    gl_desk_destroy(c.desk);
}

int main(void)
{
    classifier = open_classifier(0);
    lists_are_ranked_and_begin_with_the_best_three();
    groups_are_sums_of_their_classes();
    the_answer_is_as_deep_as_it_is_sure();
    verdicts();
    a_declared_code_has_its_confidence();
    as_json();
    what_is_missing_is_asked();
    hostile_ones();
    the_gate_leaves_candidates_and_no_answer();
    many_threads_agree();
    CHECK(gl_desk_is_code(GL_STR("61")) && gl_desk_is_code(GL_STR("61091000000000")) && !gl_desk_is_code(GL_STR("6")) &&
          !gl_desk_is_code(GL_STR("6109.10")) && !gl_desk_is_code(GL_STR("610910000000001")));
    gl_classifier_destroy(classifier);
    return check_result();
}
