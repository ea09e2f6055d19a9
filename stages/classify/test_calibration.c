/* What officers found held against what was claimed: which findings count, when they make a factor, what it does to an
 * answer wherever that came from, and many who look up while it changes. */
#include "classify/calibration.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/test_check.h"
#include "classify/batch.h"
#include "classify/desk.h"

enum { THREADS = 3, ROUNDS = 3000, SHIRT_WORDS = 4, ONE = GL_CALIBRATION_ONE_PPM };

#define DAY_US (INT64_C(86400) * 1000000)
#define NOW_US (INT64_C(1795521600) * 1000000)

static gl_classifier *classifier;
static const char *const SHIRT = "men's cotton t-shirt", *const MODEL = "hs6-1.55bdff22+f4c12ea8";

static gl_calibration *calibration_of(gl_calibration_by by, int64_t least)
{
    gl_calibration_conf conf = {.by = by, .least = least, .window_us = 100 * DAY_US};
    gl_calibration *made =
        gl_calibration_new(&conf, classifier == NULL ? MODEL : gl_classifier_version(classifier), NOW_US, 0);
    gl_calibration_complete(made);
    return made;
}

static void key_of(int number, uint8_t key[GL_FINDING_KEY_BYTES])
{
    uint8_t id[16] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16)};
    gl_finding_key(id, 1, key);
}

static gl_finding finding_of(const char *submitter, int32_t words, int32_t claimed_ppm, bool right, bool drawn)
{
    return (gl_finding){.submitter = gl_str_of(submitter),
                        .words = words,
                        .model_version = gl_str_of(classifier == NULL ? MODEL : gl_classifier_version(classifier)),
                        .claimed_ppm = claimed_ppm,
                        .right = right,
                        .drawn = drawn,
                        .found_at = NOW_US - DAY_US,
                        .decided_at = NOW_US - DAY_US / 2};
}

static void put(gl_calibration *calibration, int number, const gl_finding *finding)
{
    uint8_t key[GL_FINDING_KEY_BYTES];
    key_of(number, key);
    CHECK(gl_calibration_put(calibration, (gl_str){(const char *)key, sizeof key}, finding, NULL));
}

/* `count` drawn findings from `number` on, of which `right` were right. */
static void put_many(gl_calibration *calibration, int number, const char *submitter, int count, int right,
                     int32_t claimed_ppm)
{
    for (int i = 0; i < count; i++) {
        gl_finding finding = finding_of(submitter, SHIRT_WORDS, claimed_ppm, i < right, true);
        put(calibration, number + i, &finding);
    }
    gl_calibration_settle(calibration, NOW_US);
}

static int32_t factor(const gl_calibration *calibration, const char *submitter)
{
    return gl_calibration_of(calibration, gl_str_of(submitter), SHIRT_WORDS).factor_ppm;
}

/* ---- when there is a factor ---- */

static void kinds_are_the_models_lengths(void)
{
    static const size_t words[] = {0, 1, 2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 500},
                        kinds[] = {0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        CHECK(gl_hs_length(words[i]) == kinds[i]);
}

static void a_factor_needs_enough_that_is_certain(void)
{
    static const struct {
        uint32_t count, right;
        int32_t claimed_ppm, base_ppm, factor_ppm;
    } cases[] = {
        {29, 0, 900000, ONE, ONE},        /* too few */
        {30, 27, 900000, ONE, ONE},       /* as claimed */
        {30, 24, 900000, ONE, ONE},       /* may be chance */
        {30, 20, 900000, ONE, 740741},    /* 0.667 of 0.9 */
        {1000, 870, 900000, ONE, 966667}, /* with many, little is certain too */
        {1000, 880, 900000, ONE, ONE},    /* within chance of 0.9 */
        {1000, 1000, 500000, ONE, ONE},   /* never above 1 */
        {100, 0, 900000, ONE, GL_CALIBRATION_LEAST_PPM},
        {100, 90, 900000, 700000, ONE},    /* right, where everybody's are not */
        {100, 63, 900000, 700000, 700000}, /* as everybody's */
        {100, 30, 900000, 700000, 333333}, /* worse than everybody's */
        {100, 0, 0, ONE, ONE},             /* nothing was claimed */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gl_calibration_counts counts = {cases[i].count, cases[i].right, (int64_t)cases[i].count * cases[i].claimed_ppm};
        int32_t made = gl_calibration_factor(&counts, 30, cases[i].base_ppm);
        if (!CHECK(made == cases[i].factor_ppm))
            fprintf(stderr, "case %zu: %d\n", i, (int)made);
    }
}

static uint64_t rolls;

static double roll(void)
{
    rolls = rolls * 6364136223846793005u + 1442695040888963407u;
    return (double)(rolls >> 11) / 9007199254740992.0;
}

/* Of claims from 0.2 to 1 of which `true_share` is right: how many of 2,000 submitters with `count` findings are
 * tightened, and what their factors come to. */
static double tightened_share(double true_share, uint32_t count, double *mean)
{
    int tightened = 0;
    double sum = 0;
    for (int s = 0; s < 2000; s++) {
        gl_calibration_counts counts = {.count = count};
        for (uint32_t i = 0; i < count; i++) {
            double claimed = 0.2 + 0.8 * roll();
            counts.claimed_ppm += (int64_t)(claimed * 1e6);
            counts.right += roll() < claimed * true_share;
        }
        int32_t made = gl_calibration_factor(&counts, 30, ONE);
        tightened += made < ONE;
        sum += made / 1e6;
    }
    *mean = sum / 2000;
    return tightened / 2000.0;
}

static void what_is_calibrated_is_seldom_tightened_and_what_drifts_mostly(void)
{
    double mean;
    CHECK(tightened_share(1, 30, &mean) <= 0.01 && mean > 0.99);
    CHECK(tightened_share(1, 500, &mean) <= 0.01 && mean > 0.99);
    CHECK(tightened_share(0.7, 300, &mean) >= 0.95 && mean > 0.65 && mean < 0.75);
    CHECK(tightened_share(0.5, 60, &mean) >= 0.9 && mean > 0.45 && mean < 0.6);
}

/* ---- which findings count ---- */

static void counts_depend_on_the_findings_and_not_on_their_order(void)
{
    enum { COUNT = 200 };
    gl_calibration_cell first = {.factor_ppm = 0};
    int32_t first_factor = 0;
    rolls = 7;
    for (int run = 0; run < 4; run++) {
        gl_calibration *calibration = calibration_of(GL_CALIBRATION_DRAWN, 30);
        int order[COUNT];
        for (int i = 0; i < COUNT; i++)
            order[i] = i;
        for (int i = COUNT - 1; i > 0 && run > 0; i--) {
            int k = (int)(roll() * (i + 1)), kept = order[i];
            order[i] = order[k];
            order[k] = kept;
        }
        for (int i = 0; i < COUNT; i++) {
            gl_finding wrong = finding_of("hub", SHIRT_WORDS, 900000, false, true), right = wrong;
            right.right = order[i] % 3 != 0;
            if (run % 2 == 1) /* corrected, or the same again */
                put(calibration, order[i], &wrong);
            put(calibration, order[i], &right);
            if (run == 2)
                gl_calibration_settle(calibration, NOW_US);
        }
        gl_calibration_settle(calibration, NOW_US);
        gl_calibration_cell cell = gl_calibration_total(calibration, gl_hs_length(SHIRT_WORDS));
        if (run == 0)
            first = cell;
        CHECK(cell.all.count == COUNT && cell.drawn.count == COUNT && cell.all.claimed_ppm == COUNT * 900000LL);
        CHECK(cell.all.right == first.all.right && cell.factor_ppm == ONE);
        CHECK(factor(calibration, "hub") == first_factor || run == 0);
        first_factor = factor(calibration, "hub");
        CHECK(first_factor > 0 && first_factor < ONE);
        gl_calibration_destroy(calibration);
    }
}

static void count_each(void *context, gl_str submitter, size_t kind, const gl_calibration_cell *cell)
{
    CHECK(gl_str_eqz(submitter, "hub") && kind == 2);
    *(uint32_t *)context += cell->all.count;
}

static void others_models_old_and_removed_ones_do_not_count(void)
{
    gl_calibration *calibration = calibration_of(GL_CALIBRATION_DRAWN, 30);
    gl_finding finding = finding_of("hub", SHIRT_WORDS, 900000, false, true);
    uint8_t key[GL_FINDING_KEY_BYTES];
    uint32_t seen = 0;

    put(calibration, 1, &finding);
    finding.model_version = GL_STR("hs6-0.12345678+f4c12ea8");
    put(calibration, 2, &finding);
    finding = finding_of("hub", SHIRT_WORDS, 900000, false, true);
    finding.found_at = NOW_US - 100 * DAY_US;
    put(calibration, 3, &finding);
    finding.found_at = NOW_US - 99 * DAY_US;
    put(calibration, 4, &finding);
    finding.found_at = NOW_US + 1000 * DAY_US; /* a clock that is wrong: decided then it was all the same */
    put(calibration, 5, &finding);
    CHECK(gl_calibration_count(calibration) == 3);
    gl_calibration_each(calibration, count_each, &seen);
    CHECK(seen == 3);
    CHECK(gl_calibration_settle(calibration, NOW_US + 2 * DAY_US) && gl_calibration_count(calibration) == 2);
    CHECK(!gl_calibration_settle(calibration, NOW_US + 2 * DAY_US));
    CHECK(gl_calibration_settle(calibration, NOW_US) && gl_calibration_count(calibration) == 3);
    key_of(1, key);
    gl_calibration_remove(calibration, (gl_str){(const char *)key, sizeof key});
    gl_calibration_remove(calibration, (gl_str){(const char *)key, sizeof key});
    gl_calibration_remove(calibration, GL_STR("no key of ours"));
    CHECK(gl_calibration_count(calibration) == 2);
    put(calibration, 6, &finding); /* in its place */
    CHECK(gl_calibration_count(calibration) == 3);
    gl_calibration_clear(calibration);
    CHECK(gl_calibration_count(calibration) == 0);
    put_many(calibration, 1, "hub", 5000, 5000, 500000); /* grows */
    CHECK(gl_calibration_count(calibration) == 5000);
    gl_calibration_destroy(calibration);
}

static void what_is_none_is_refused(void)
{
    gl_calibration *calibration = calibration_of(GL_CALIBRATION_DRAWN, 30);
    gl_finding finding = finding_of("hub", SHIRT_WORDS, 1000001, false, true);
    uint8_t key[GL_FINDING_KEY_BYTES];
    gl_err err = {0};
    key_of(1, key);
    gl_str whole = {(const char *)key, sizeof key};
    CHECK(!gl_calibration_put(calibration, whole, &finding, &err) && err.action == GL_DEAD_LETTER);
    finding = finding_of("hub", -1, 1, false, true);
    CHECK(!gl_calibration_put(calibration, whole, &finding, &err));
    finding = finding_of("", 1, 1, false, true);
    CHECK(!gl_calibration_put(calibration, whole, &finding, &err));
    finding = finding_of("hub", 1, 1, false, true);
    CHECK(!gl_calibration_put(calibration, GL_STR("short"), &finding, &err) && gl_calibration_count(calibration) == 0);
    gl_calibration_destroy(calibration);
}

static void only_drawn_ones_count_unless_all_do(void)
{
    for (int all = 0; all < 2; all++) {
        gl_calibration *calibration = calibration_of(all ? GL_CALIBRATION_ALL : GL_CALIBRATION_DRAWN, 30);
        for (int i = 0; i < 100; i++) {
            gl_finding looked_wrong = finding_of("hub", SHIRT_WORDS, 900000, false, false);
            put(calibration, i, &looked_wrong);
        }
        put_many(calibration, 100, "hub", 100, 90, 900000);
        CHECK(factor(calibration, "hub") == (all ? 500000 : 0));
        gl_calibration_cell cell = gl_calibration_total(calibration, 2);
        CHECK(cell.all.count == 200 && cell.drawn.count == 100 && cell.drawn.right == 90 && cell.all.right == 90);
        gl_calibration_destroy(calibration);
    }
}

static void a_submitter_has_its_own_and_others_everybodys(void)
{
    gl_calibration *calibration = calibration_of(GL_CALIBRATION_DRAWN, 30);
    put_many(calibration, 0, "sloppy", 40, 10, 900000);
    CHECK(factor(calibration, "sloppy") == 277778 && factor(calibration, "") == 0);
    put_many(calibration, 1000, "good", 1000, 905, 900000);
    CHECK(factor(calibration, "sloppy") == 277778 && factor(calibration, "good") == 0 && factor(calibration, "") == 0);
    gl_tightening own = gl_calibration_of(calibration, GL_STR("sloppy"), 3);
    CHECK(own.own && own.findings == 40);
    CHECK(gl_calibration_of(calibration, GL_STR("sloppy"), 5).factor_ppm == 0); /* another kind of text */
    put_many(calibration, 10000, "bad", 2000, 1000, 900000);
    CHECK(factor(calibration, "bad") == 555556 &&
          factor(calibration, "unseen") == 0); /* one alone lowers nobody else's */
    put_many(calibration, 15000, "as bad", 2000, 1000, 900000);
    int32_t everybody = factor(calibration, "");
    gl_tightening others = gl_calibration_of(calibration, GL_STR("unseen"), SHIRT_WORDS);
    CHECK(everybody > 600000 && everybody < 800000 && others.factor_ppm == everybody && !others.own &&
          others.findings == 3040);
    CHECK(factor(calibration, "good") == 0 && factor(calibration, "sloppy") == 277778);
    put_many(calibration, 20000, "few", 5, 5, 900000);
    CHECK(factor(calibration, "few") == factor(calibration, "") && gl_calibration_tightened(calibration, 2) == 4);
    gl_calibration_destroy(calibration);
}

static void nothing_is_tightened_before_all_was_read(void)
{
    gl_calibration_conf conf = {.by = GL_CALIBRATION_ALL, .least = 30, .window_us = 100 * DAY_US};
    gl_calibration *calibration = gl_calibration_new(&conf, gl_classifier_version(classifier), NOW_US, 3600000);
    put_many(calibration, 0, "hub", 100, 10, 900000);
    CHECK(factor(calibration, "hub") == 0 && !gl_calibration_may_answer(calibration));
    gl_calibration_complete(calibration);
    CHECK(factor(calibration, "hub") == 111111 && gl_calibration_may_answer(calibration));
    gl_calibration_destroy(calibration);
    calibration = gl_calibration_new(&conf, MODEL, NOW_US, 0);
    CHECK(gl_calibration_may_answer(calibration) && !gl_calibration_is_complete(calibration));
    gl_calibration_destroy(calibration);
}

/* ---- what it does to an answer ---- */

static void ask(gl_desk *desk, const char *submitter, const char *declared, gl_reply *reply)
{
    gl_ask question = {.description = gl_str_of(SHIRT),
                       .declared = gl_str_of(declared),
                       .submitter = gl_str_of(submitter),
                       .limit = GL_DESK_USUAL_CANDIDATES};
    gl_desk_answer(desk, &question, reply);
}

static bool is_multiplied(const gl_hs_candidate *now, const gl_hs_candidate *before, int32_t factor_ppm)
{
    return strcmp(now->hs6, before->hs6) == 0 &&
           now->confidence_ppm == (int32_t)((int64_t)before->confidence_ppm * factor_ppm / ONE);
}

static void the_desk_multiplies_what_is_claimed(void)
{
    gl_calibration *calibration = calibration_of(GL_CALIBRATION_DRAWN, 30);
    gl_desk *desk = gl_desk_new(classifier, 100);
    gl_reply before, reply, again;

    ask(desk, "sloppy", "610910", &before);
    CHECK(before.text.answer_digits == 6 && before.text.tightening.factor_ppm == 0);
    gl_classifier_calibrate(classifier, calibration);
    put_many(calibration, 0, "sloppy", 100, 20, 1000000);
    put_many(calibration, 1000, "good", 1000, 990, 990000);
    ask(desk, "sloppy", "610910", &reply);
    ask(desk, "good", "610910", &again);
    CHECK(reply.way == GL_REPLY_CACHED && reply.text.tightening.factor_ppm == 200000 && reply.text.tightening.own);
    for (size_t i = 0; i < before.list.count; i++)
        CHECK(is_multiplied(&reply.list.at[i], &before.list.at[i], 200000));
    for (size_t i = 0; i < GL_HS_LEVELS - 1; i++)
        CHECK(is_multiplied(&reply.text.result.group[i], &before.text.result.group[i], 200000));
    CHECK(reply.text.answer_digits == 0 && reply.text.status == GL_CLASSIFICATION_STATUS_ABSTAINED &&
          strcmp(reply.text.reason, "low-confidence") == 0);
    CHECK(reply.text.claimed_ppm == before.text.result.top[0].confidence_ppm && reply.text.claimed_digits == 6 &&
          strcmp(reply.text.claimed_answer.hs6, "610910") == 0);
    CHECK(again.text.answer_digits == 6 && again.text.tightening.factor_ppm == 0 &&
          again.list.at[0].confidence_ppm == before.list.at[0].confidence_ppm);
    gl_buf json = {0};
    gl_ask question = {.description = gl_str_of(SHIRT), .limit = 3, .submitter = GL_STR("sloppy")};
    gl_reply_json(&json, desk, &question, &reply);
    CHECK(memmem(json.data, json.len, "\"tightened\":{\"factor\":0.200000,\"claimed\":", 40) != NULL);
    json.len = 0;
    gl_reply_json(&json, desk, &question, &again);
    CHECK(memmem(json.data, json.len, "tightened", 9) == NULL);
    gl_buf_free(&json);
    gl_classifier_calibrate(classifier, NULL);
    gl_desk_destroy(desk);
    gl_calibration_destroy(calibration);
}

/* A code that the model holds for possible is not contradicted because of what others got wrong. */
static void a_verdict_becomes_no_harder(void)
{
    gl_text_class text = {.answer_digits = 4,
                          .result = {.count = GL_HS_TOP,
                                     .top = {{"610910", 500000, 0}, {"610990", 90000, 0}, {"620520", 1, 0}},
                                     .group = {{"61", 950000, 0}, {"6109", 900000, 0}},
                                     .has_declared = true,
                                     .declared_ppm = 35000}};
    CHECK(gl_text_class_verdict(&text, GL_STR("620520")) == GL_CLASSIFICATION_VERDICT_CONTRADICTORY);
    text.tightening.factor_ppm = 700000;
    CHECK(gl_text_class_verdict(&text, GL_STR("620520")) == GL_CLASSIFICATION_VERDICT_AMBIGUOUS);
    text.result.declared_ppm = 34999;
    CHECK(gl_text_class_verdict(&text, GL_STR("620520")) == GL_CLASSIFICATION_VERDICT_CONTRADICTORY);
}

static gl_text_class in_a_batch(gl_text_cache *cache, gl_arena *arena, gl_hs_scratch *scratch, size_t *tightened)
{
    gl_text_batch batch;
    gl_text_batch_begin(&batch, classifier, cache, arena, 3);
    gl_text_batch_add(&batch, GL_STR("sloppy"), gl_str_of(SHIRT), GL_STR("610910"));
    gl_text_batch_add(&batch, GL_STR("good"), gl_str_of(SHIRT), GL_STR("610910"));
    gl_text_batch_add(&batch, GL_STR("sloppy"), GL_STR("   "), GL_STR("610910"));
    CHECK(gl_text_batch_resolve(&batch, NULL, scratch, NULL));
    CHECK(batch.texts[1].tightening.factor_ppm == 0 && batch.texts[1].answer_digits == 6);
    *tightened = batch.tightened;
    return batch.texts[0];
}

/* The worker's cache keeps what the model claims; a ruling stands above both. */
static void a_batch_tightens_after_the_cache(void)
{
    gl_calibration *calibration = calibration_of(GL_CALIBRATION_DRAWN, 30);
    gl_precedents *precedents = gl_precedents_new(0);
    gl_hs_scratch *scratch = gl_hs_scratch_new(gl_classifier_model(classifier));
    gl_text_cache *cache = gl_text_cache_new(10, 0);
    gl_arena *arena = gl_arena_new(0);
    size_t tightened;

    gl_classifier_calibrate(classifier, calibration);
    gl_text_class before = in_a_batch(cache, arena, scratch, &tightened);
    CHECK(tightened == 0 && before.answer_digits == 6);
    put_many(calibration, 0, "sloppy", 100, 20, 1000000);
    put_many(calibration, 1000, "good", 1000, 990, 990000);
    for (int twice = 0; twice < 2; twice++) {
        gl_text_class text = in_a_batch(cache, arena, scratch, &tightened);
        CHECK(tightened == 1 && text.answer_digits == 0);
        CHECK(is_multiplied(&text.result.top[0], &before.result.top[0], 200000));
        CHECK(text.result.declared_ppm == before.result.declared_ppm / 5);
    }
    char normal[GL_TEXT_OUTPUT_MAX], words[GL_TEXT_OUTPUT_MAX];
    gl_precedent ruling = {.words = gl_precedent_words(gl_text_normalise(gl_str_of(SHIRT), normal), words),
                           .code = GL_STR("620520"),
                           .event_id = GL_STR("R-1")};
    gl_classifier_use(classifier, precedents);
    CHECK(gl_precedents_put(precedents, &ruling, NULL));
    gl_text_batch batch;
    gl_text_batch_begin(&batch, classifier, cache, arena, 1);
    gl_text_batch_add(&batch, GL_STR("sloppy"), gl_str_of(SHIRT), GL_STR(""));
    CHECK(gl_text_batch_resolve(&batch, NULL, scratch, NULL));
    CHECK(batch.texts[0].result.top[0].confidence_ppm == GL_PRECEDENT_PPM && batch.tightened == 0);
    gl_classifier_use(classifier, NULL);
    gl_calibration_clear(calibration);
    gl_calibration_settle(calibration, NOW_US);
    gl_text_class after = in_a_batch(cache, arena, scratch, &tightened);
    CHECK(tightened == 0 && after.result.top[0].confidence_ppm == before.result.top[0].confidence_ppm);
    gl_classifier_calibrate(classifier, NULL);
    gl_arena_destroy(arena);
    gl_text_cache_destroy(cache);
    gl_hs_scratch_destroy(scratch);
    gl_precedents_destroy(precedents);
    gl_calibration_destroy(calibration);
}

/* ---- threads ---- */

typedef struct crowd {
    gl_calibration *calibration;
    bool stop;   /* atomic */
    size_t seen; /* atomic */
} crowd;

static const char *name_of(int number, char name[16])
{
    snprintf(name, 16, "hub-%d", number % 50);
    return name;
}

static void *look(void *context)
{
    crowd *c = context;
    for (int round = 0; !__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE); round++) {
        char name[16];
        int32_t found = factor(c->calibration, name_of(round, name));
        if (found != 0)
            __atomic_fetch_add(&c->seen, 1, __ATOMIC_RELAXED);
        if (found < 0 || found >= ONE)
            CHECK(false);
    }
    return NULL;
}

static void many_look_up_while_one_puts(void)
{
    crowd c = {.calibration = calibration_of(GL_CALIBRATION_DRAWN, 10)};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, look, &c) != 0)
            abort();
    for (int round = 0; round < ROUNDS; round++) {
        char name[16];
        gl_finding finding = finding_of(name_of(round, name), SHIRT_WORDS, 900000, round % 4 == 0, true);
        put(c.calibration, round, &finding);
        gl_calibration_settle(c.calibration, NOW_US);
    }
    CHECK_WITHIN(10, __atomic_load_n(&c.seen, __ATOMIC_RELAXED) > 0);
    __atomic_store_n(&c.stop, true, __ATOMIC_RELEASE);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    gl_calibration_destroy(c.calibration);
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
    kinds_are_the_models_lengths();
    a_factor_needs_enough_that_is_certain();
    what_is_calibrated_is_seldom_tightened_and_what_drifts_mostly();
    counts_depend_on_the_findings_and_not_on_their_order();
    others_models_old_and_removed_ones_do_not_count();
    what_is_none_is_refused();
    only_drawn_ones_count_unless_all_do();
    a_submitter_has_its_own_and_others_everybodys();
    nothing_is_tightened_before_all_was_read();
    the_desk_multiplies_what_is_claimed();
    a_verdict_becomes_no_harder();
    a_batch_tightens_after_the_cache();
    many_look_up_while_one_puts();
    gl_classifier_destroy(classifier);
    return check_result();
}
