/* Officers' rulings: which stands, what they do to an answer, wherever the rest of it came from, and many who look up
 * while they change. */
#include "classify/precedents.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/test_check.h"
#include "classify/batch.h"
#include "classify/desk.h"

enum { THREADS = 3, ROUNDS = 3000, TEXTS = 50 };

static gl_classifier *classifier;

static gl_precedent ruling(const char *description, const char *code, int64_t made_at, const char *event_id,
                           char words[GL_TEXT_OUTPUT_MAX])
{
    char normal[GL_TEXT_OUTPUT_MAX];
    return (gl_precedent){.words = gl_precedent_words(gl_text_normalise(gl_str_of(description), normal), words),
                          .description = gl_str_of(description),
                          .code = gl_str_of(code),
                          .made_at = made_at,
                          .received_at = made_at + 1,
                          .event_id = gl_str_of(event_id),
                          .account = GL_STR("customs"),
                          .actor = GL_STR("officer 7"),
                          .reason = GL_STR("because")};
}

static void put(gl_precedents *precedents, const char *description, const char *code, int64_t made_at,
                const char *event_id)
{
    char words[GL_TEXT_OUTPUT_MAX];
    gl_precedent made = ruling(description, code, made_at, event_id, words);
    CHECK(gl_precedents_put(precedents, &made, NULL));
}

static bool stands(const gl_precedents *precedents, const char *description, const char *code)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    const gl_precedent *found = gl_precedents_find(precedents, gl_text_normalise(gl_str_of(description), normal));
    return code == NULL ? found == NULL : found != NULL && gl_str_eqz(found->code, code);
}

static void the_latest_stands_in_any_order(void)
{
    static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {0, 2, 1}};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        gl_precedents *precedents = gl_precedents_new(0);
        for (int k = 0; k < 3; k++) {
            int which = orders[i][k];
            static const char *const codes[] = {"610910", "", "6205200000"}, *const ids[] = {"a", "b", "c"};
            put(precedents, "blue cotton shirt", codes[which], 100 + which, ids[which]);
            put(precedents, "Shirt, COTTON; blue", codes[which], 100 + which, ids[which]);
        }
        CHECK(stands(precedents, "cotton shirt (blue)", "6205200000") && gl_precedents_count(precedents) == 1);
        CHECK(stands(precedents, "cotton shirt", NULL));
        put(precedents, "blue cotton shirt", "", 200, "d");
        CHECK(stands(precedents, "blue cotton shirt", NULL) && gl_precedents_count(precedents) == 0);
        put(precedents, "blue cotton shirt", "610910", 150, "late");
        CHECK(stands(precedents, "blue cotton shirt", NULL));
        gl_precedents_destroy(precedents);
    }
}

static void one_that_is_erased_gives_way(void)
{
    gl_precedents *precedents = gl_precedents_new(0);
    char words[GL_TEXT_OUTPUT_MAX];
    uint8_t key[GL_PRECEDENT_KEY_BYTES];
    put(precedents, "blue cotton shirt", "610910", 1, "a");
    put(precedents, "blue cotton shirt", "620520", 2, "b");
    gl_precedent second = ruling("blue cotton shirt", "", 0, "b", words);
    gl_precedent_key(&second, key);
    gl_precedents_remove(precedents, (gl_str){(const char *)key, sizeof key});
    CHECK(stands(precedents, "blue cotton shirt", "610910"));
    gl_precedents_remove(precedents, GL_STR("no key of ours"));
    gl_precedents_clear(precedents);
    CHECK(stands(precedents, "blue cotton shirt", NULL) && gl_precedents_count(precedents) == 0);
    put(precedents, "blue cotton shirt", "610910", 1, "a");
    CHECK(stands(precedents, "blue cotton shirt", "610910"));
    gl_precedents_destroy(precedents);
}

static void what_is_none_is_refused(void)
{
    gl_precedents *precedents = gl_precedents_new(0);
    char words[GL_TEXT_OUTPUT_MAX];
    gl_err err = {0};
    gl_precedent wrong = ruling("blue cotton shirt", "6109", 1, "a", words);
    CHECK(!gl_precedents_put(precedents, &wrong, &err) && err.action == GL_DEAD_LETTER);
    wrong = ruling("blue cotton shirt", "610910", 1, "a", words);
    wrong.words = GL_STR("");
    CHECK(!gl_precedents_put(precedents, &wrong, &err) && gl_precedents_count(precedents) == 0);
    gl_precedents_destroy(precedents);
}

static void it_is_known_when_they_are_complete(void)
{
    gl_precedents *precedents = gl_precedents_new(3600000);
    CHECK(!gl_precedents_may_answer(precedents) && !gl_precedents_is_complete(precedents));
    gl_precedents_complete(precedents);
    CHECK(gl_precedents_may_answer(precedents) && gl_precedents_is_complete(precedents));
    gl_precedents_destroy(precedents);
    precedents = gl_precedents_new(0);
    CHECK(gl_precedents_may_answer(precedents) && !gl_precedents_is_complete(precedents));
    gl_precedents_destroy(precedents);
}

static void ask(gl_desk *desk, const char *text, const char *declared, size_t limit, gl_reply *reply)
{
    gl_ask question = {.description = gl_str_of(text), .declared = gl_str_of(declared), .limit = limit};
    gl_desk_answer(desk, &question, reply);
}

static int32_t sum(const gl_hs_list *list)
{
    int32_t all = 0;
    for (size_t i = 0; i < list->count; i++)
        all += list->at[i].confidence_ppm;
    return all;
}

static void the_desk_answers_by_it(void)
{
    gl_precedents *precedents = gl_precedents_new(0);
    gl_desk *desk = gl_desk_new(classifier, 100);
    gl_reply before, reply;
    const char *text = "men's cotton t-shirt", *code = "8471300000";

    gl_classifier_use(classifier, precedents);
    ask(desk, text, "847130", GL_HS_LIST_LIMIT, &before);
    CHECK(before.way == GL_REPLY_COMPUTED && before.text.precedent == NULL);
    put(precedents, "T-SHIRT men's cotton", code, 1, "R-1");
    for (size_t limit = 1; limit <= GL_HS_LIST_LIMIT; limit = limit * 3 + 1) {
        ask(desk, text, "847130", limit, &reply); /* from the cache too: limits to ten are kept there */
        CHECK(reply.way == GL_REPLY_RULED && gl_str_eqz(reply.text.precedent->event_id, "R-1"));
        CHECK(reply.list.count == limit && strcmp(reply.list.at[0].hs6, "847130") == 0);
        CHECK(reply.list.at[0].confidence_ppm == GL_PRECEDENT_PPM && sum(&reply.list) <= 1000000);
        for (size_t i = 1; i < reply.list.count; i++)
            CHECK(strcmp(reply.list.at[i].hs6, "847130") != 0);
        CHECK(limit == 1 || strcmp(reply.list.at[1].hs6, before.list.at[0].hs6) == 0);
        CHECK(strcmp(reply.text.reason, "precedent") == 0 && reply.text.answer_digits == 6);
        CHECK(reply.text.status == GL_CLASSIFICATION_STATUS_CLASSIFIED);
        CHECK(strcmp(reply.text.result.group[1].hs6, "8471") == 0 &&
              reply.text.result.group[1].confidence_ppm >= GL_PRECEDENT_PPM);
        CHECK(gl_text_class_verdict(&reply.text, GL_STR("847130")) == GL_CLASSIFICATION_VERDICT_CONSISTENT);
        CHECK(reply.text.result.declared_ppm == GL_PRECEDENT_PPM);
    }
    ask(desk, text, "610910", 3, &reply);
    CHECK(gl_text_class_verdict(&reply.text, GL_STR("610910")) == GL_CLASSIFICATION_VERDICT_CONTRADICTORY);
    put(precedents, text, "", 2, "R-2");
    ask(desk, text, "847130", 3, &reply);
    CHECK(reply.way == GL_REPLY_CACHED && reply.text.precedent == NULL);
    CHECK(reply.list.at[0].confidence_ppm == before.list.at[0].confidence_ppm &&
          strcmp(reply.list.at[0].hs6, before.list.at[0].hs6) == 0);
    gl_classifier_use(classifier, NULL);
    gl_desk_destroy(desk);
    gl_precedents_destroy(precedents);
}

/* The model's best is ruled to be right; a vague text is ruled on; a code that the model does not have. */
static void what_it_meets(void)
{
    gl_precedents *precedents = gl_precedents_new(0);
    gl_desk *desk = gl_desk_new(classifier, 100);
    gl_reply before, reply;
    gl_buf json = {0};

    gl_classifier_use(classifier, precedents);
    ask(desk, "jigsaw puzzle for children", "", 5, &before);
    put(precedents, "jigsaw puzzle for children", before.list.at[0].hs6, 1, "R-1");
    ask(desk, "jigsaw puzzle for children", "", 5, &reply);
    CHECK(reply.list.count == 5 && strcmp(reply.list.at[0].hs6, before.list.at[0].hs6) == 0);
    CHECK(strcmp(reply.list.at[1].hs6, before.list.at[1].hs6) == 0 && sum(&reply.list) <= 1000000);
    for (size_t l = 0; l < GL_HS_LEVELS - 1; l++)
        CHECK(reply.text.result.group[l].confidence_ppm <= 1000000);
    ask(desk, "gift", "", 5, &before);
    CHECK(before.way == GL_REPLY_REFUSED);
    put(precedents, "gift", "999999", 1, "R-2");
    ask(desk, "gift", "9999999999", 5, &reply);
    CHECK(reply.way == GL_REPLY_RULED && reply.list.count == 1 && reply.text.result.count == 1);
    CHECK(strcmp(gl_text_class_answer(&reply.text)->hs6, "999999") == 0);
    CHECK(gl_text_class_verdict(&reply.text, GL_STR("9999999999")) == GL_CLASSIFICATION_VERDICT_CONSISTENT);
    gl_ask question = {.description = GL_STR("gift"), .limit = 3};
    gl_reply_json(&json, desk, &question, &reply);
    gl_buf_byte(&json, 0);
    CHECK(strstr((char *)json.data, "\"reason\":\"precedent\"") != NULL);
    CHECK(strstr((char *)json.data, "\"precedent\":{\"code\":\"999999\",\"made_at\":\"1970-01-01T00:00:00.000001Z\","
                                    "\"account\":\"customs\",\"event_id\":\"R-2\"}}") != NULL);
    CHECK(strstr((char *)json.data, "officer 7") == NULL);
    json.len = 0;
    gl_desk_explain(desk);
    gl_reply_json(&json, desk, &question, &reply);
    gl_buf_byte(&json, 0);
    CHECK(strstr((char *)json.data, "\"actor\":\"officer 7\",\"reason\":\"because\",\"description\":\"gift\"}") !=
          NULL);
    gl_buf_free(&json);
    gl_classifier_use(classifier, NULL);
    gl_desk_destroy(desk);
    gl_precedents_destroy(precedents);
}

static gl_text_class in_a_batch(gl_text_cache *cache, gl_arena *arena, gl_hs_scratch *scratch, const char *text,
                                const char *declared, size_t *ruled)
{
    gl_text_batch batch;
    gl_text_batch_begin(&batch, classifier, cache, arena, 2);
    gl_text_batch_add(&batch, GL_STR("hub"), gl_str_of(text), gl_str_of(declared));
    gl_text_batch_add(&batch, GL_STR("hub"), GL_STR("ceramic mug"), gl_str_of(declared));
    CHECK(gl_text_batch_resolve(&batch, NULL, scratch, NULL));
    CHECK(batch.texts[1].precedent == NULL && strcmp(batch.texts[1].reason, "precedent") != 0);
    *ruled = batch.ruled;
    return batch.texts[0];
}

/* The worker's cache keeps what the model says, before, while and after there is a ruling. */
static void a_batch_answers_by_it(void)
{
    gl_precedents *precedents = gl_precedents_new(0);
    gl_hs_scratch *scratch = gl_hs_scratch_new(gl_classifier_model(classifier));
    gl_text_cache *cache = gl_text_cache_new(10, 0), *none = gl_text_cache_new(0, 0);
    gl_arena *arena = gl_arena_new(0);
    const char *text = "men's cotton t-shirt";
    size_t ruled;

    gl_classifier_use(classifier, precedents);
    put(precedents, text, "847130", 1, "R-1");
    gl_text_class by_officer = in_a_batch(cache, arena, scratch, text, "8471300000", &ruled);
    for (int again = 0; again < 2; again++) {
        CHECK(ruled == 1 && strcmp(by_officer.result.top[0].hs6, "847130") == 0 && by_officer.precedent != NULL);
        CHECK(by_officer.result.count == GL_HS_TOP && by_officer.result.declared_ppm == GL_PRECEDENT_PPM);
        int32_t rank = 0;
        CHECK(gl_text_class_compare(&by_officer, GL_STR("847130"), &rank) == GL_CLASSIFICATION_AGREEMENT_SUBHEADING);
        by_officer = in_a_batch(cache, arena, scratch, text, "8471300000", &ruled); /* from the cache */
    }
    put(precedents, text, "", 2, "R-2");
    gl_text_class by_model = in_a_batch(cache, arena, scratch, text, "8471300000", &ruled);
    CHECK(ruled == 0 && by_model.precedent == NULL && strcmp(by_model.result.top[0].hs6, "847130") != 0);
    gl_classifier_use(classifier, NULL);
    gl_text_class without = in_a_batch(none, arena, scratch, text, "8471300000", &ruled);
    CHECK(by_model.result.declared_ppm == without.result.declared_ppm &&
          strcmp(by_model.result.top[0].hs6, without.result.top[0].hs6) == 0);
    gl_arena_destroy(arena);
    gl_text_cache_destroy(cache);
    gl_text_cache_destroy(none);
    gl_hs_scratch_destroy(scratch);
    gl_precedents_destroy(precedents);
}

typedef struct crowd {
    gl_precedents *precedents;
    bool stop;   /* atomic */
    size_t seen; /* atomic */
} crowd;

static void *look(void *context)
{
    crowd *c = context;
    for (int round = 0; !__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE); round++) {
        char text[32];
        int len = snprintf(text, sizeof text, "wallet kind %c%c", 'a' + round % TEXTS % 26, 'a' + round % TEXTS / 26);
        const gl_precedent *found = gl_precedents_find(c->precedents, (gl_str){text, (size_t)len});
        if (found == NULL)
            continue;
        __atomic_fetch_add(&c->seen, 1, __ATOMIC_RELAXED);
        if (!gl_str_eqz(found->code, "420231") && !gl_str_eqz(found->code, "420232"))
            CHECK(false);
    }
    return NULL;
}

static void many_look_up_while_one_puts(void)
{
    crowd c = {.precedents = gl_precedents_new(0)};
    pthread_t threads[THREADS];
    put(c.precedents, "something else", "950300", 1, "other");
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, look, &c) != 0)
            abort();
    for (int round = 0; round < ROUNDS; round++) {
        static const char *const codes[] = {"420231", "", "420232"};
        char text[32], id[16];
        snprintf(text, sizeof text, "wallet kind %c%c", 'a' + round % TEXTS % 26, 'a' + round % TEXTS / 26);
        snprintf(id, sizeof id, "R-%d", round);
        put(c.precedents, text, codes[round % 3], round, id);
    }
    CHECK(gl_precedents_count(c.precedents) > 1);
    CHECK_WITHIN(10, __atomic_load_n(&c.seen, __ATOMIC_RELAXED) > 0);
    __atomic_store_n(&c.stop, true, __ATOMIC_RELEASE);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    gl_precedents_destroy(c.precedents);
}

int main(void)
{
    gl_err err = {0};
    classifier = gl_classifier_open(GL_SOURCE_DIR "/models/classify/hs6.glm",
                                    GL_SOURCE_DIR "/models/classify/vague.txt", 0, &err);
    if (classifier == NULL) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    the_latest_stands_in_any_order();
    one_that_is_erased_gives_way();
    what_is_none_is_refused();
    it_is_known_when_they_are_complete();
    the_desk_answers_by_it();
    what_it_meets();
    a_batch_answers_by_it();
    many_look_up_while_one_puts();
    gl_classifier_destroy(classifier);
    return check_result();
}
