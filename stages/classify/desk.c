/* See desk.h. */
#include "classify/desk.h"

#include <pthread.h>
#include <stdlib.h>

#include "classify/cache.h"
#include "classify/national_reply.h"

/* Parts of the cache, by key, each with its lock: threads seldom meet. */
enum { PARTS = 16 };

typedef struct part {
    pthread_mutex_t lock;
    gl_text_cache *cache;
} part;

typedef struct spare {
    gl_hs_scratch *scratch;
    struct spare *next;
} spare;

struct gl_desk {
    const gl_classifier *classifier;
    const gl_facts *facts; /* NULL: nothing is asked back */
    const gl_terms *terms; /* NULL: none are shown */
    bool explains;         /* gl_desk_explain */
    part parts[PARTS];
    pthread_mutex_t lock; /* guards spares */
    spare *spares;        /* as many as threads were in here at once */
};

gl_desk *gl_desk_new(const gl_classifier *classifier, size_t cache_entries)
{
    gl_desk *desk = calloc(1, sizeof *desk);

    if (desk == NULL)
        abort();
    desk->classifier = classifier;
    pthread_mutex_init(&desk->lock, NULL);
    for (size_t i = 0; i < PARTS; i++) {
        pthread_mutex_init(&desk->parts[i].lock, NULL);
        desk->parts[i].cache = gl_text_cache_new((cache_entries + PARTS - 1) / PARTS, GL_DESK_KEEPS_CANDIDATES);
    }
    return desk;
}

void gl_desk_use_facts(gl_desk *desk, const gl_facts *facts)
{
    desk->facts = facts;
}

void gl_desk_use_terms(gl_desk *desk, const gl_terms *terms)
{
    desk->terms = terms;
}

void gl_desk_explain(gl_desk *desk)
{
    desk->explains = true;
}

size_t gl_desk_entry_bytes(void)
{
    return gl_text_cache_entry_bytes(GL_DESK_KEEPS_CANDIDATES);
}

void gl_desk_destroy(gl_desk *desk)
{
    if (desk == NULL)
        return;
    for (spare *next, *s = desk->spares; s != NULL; s = next) {
        next = s->next;
        gl_hs_scratch_destroy(s->scratch);
        free(s);
    }
    for (size_t i = 0; i < PARTS; i++) {
        gl_text_cache_destroy(desk->parts[i].cache);
        pthread_mutex_destroy(&desk->parts[i].lock);
    }
    pthread_mutex_destroy(&desk->lock);
    free(desk);
}

const gl_classifier *gl_desk_classifier(const gl_desk *desk)
{
    return desk->classifier;
}

/* ---- answering ---- */

static spare *take_spare(gl_desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    spare *taken = desk->spares;
    if (taken != NULL)
        desk->spares = taken->next;
    pthread_mutex_unlock(&desk->lock);
    if (taken != NULL)
        return taken;
    if ((taken = calloc(1, sizeof *taken)) == NULL)
        abort();
    taken->scratch = gl_hs_scratch_new(gl_classifier_model(desk->classifier));
    return taken;
}

static void give_back(gl_desk *desk, spare *taken)
{
    pthread_mutex_lock(&desk->lock);
    taken->next = desk->spares;
    desk->spares = taken;
    pthread_mutex_unlock(&desk->lock);
}

/* The last byte: a cache takes its buckets from the first ones. */
static part *part_of(gl_desk *desk, const gl_text_key *key)
{
    return &desk->parts[key->bytes[GL_TEXT_KEY_BYTES - 1] % PARTS];
}

static void compute(gl_desk *desk, const gl_text_key *key, gl_str normal, gl_str declared, size_t limit,
                    gl_reply *reply)
{
    const gl_hs_model *model = gl_classifier_model(desk->classifier);
    part *kept = part_of(desk, key);
    spare *taken = take_spare(desk);

    gl_classifier_compute(desk->classifier, taken->scratch, normal, declared, &reply->text.result);
    gl_hs_model_list(model, taken->scratch, GL_HS_LEVELS - 1,
                     limit > GL_DESK_KEEPS_CANDIDATES ? limit : GL_DESK_KEEPS_CANDIDATES, &reply->list);
    give_back(desk, taken);
    pthread_mutex_lock(&kept->lock);
    gl_text_cache_put(kept->cache, key, &reply->text.result, &reply->list);
    pthread_mutex_unlock(&kept->lock);
}

static bool find(gl_desk *desk, const gl_text_key *key, size_t limit, gl_reply *reply)
{
    part *kept = part_of(desk, key);

    if (limit > GL_DESK_KEEPS_CANDIDATES)
        return false;
    pthread_mutex_lock(&kept->lock);
    bool found = gl_text_cache_get(kept->cache, key, &reply->text.result, &reply->list);
    pthread_mutex_unlock(&kept->lock);
    return found;
}

/* From the cache or the model, judged. */
static void ask_model(gl_desk *desk, const gl_ask *ask, gl_str normal, gl_reply *reply)
{
    gl_str declared = gl_classifier_declared(desk->classifier, ask->declared);
    gl_text_key key = gl_text_key_of(normal, declared);
    bool found = find(desk, &key, ask->limit, reply);
    if (!found)
        compute(desk, &key, normal, declared, ask->limit, reply);
    reply->way = found ? GL_REPLY_CACHED : GL_REPLY_COMPUTED;
    reply->known = reply->list.count;
    gl_classifier_judge(desk->classifier, ask->submitter, &reply->text, &reply->list);
}

void gl_desk_answer(gl_desk *desk, const gl_ask *ask, gl_reply *reply)
{
    char buffer[GL_TEXT_OUTPUT_MAX];
    gl_str normal;

    reply->list.count = 0;
    reply->known = 0;
    reply->way = GL_REPLY_REFUSED;
    reply->too_long = ask->description.len > GL_DESK_LIMIT_DESCRIPTION_BYTES;
    if (reply->too_long) {
        reply->text = (gl_text_class){.status = GL_CLASSIFICATION_STATUS_VAGUE, .reason = "too-long"};
        return;
    }
    if (gl_classifier_admit(desk->classifier, ask->description, buffer, &normal, &reply->text))
        ask_model(desk, ask, normal, reply);
    gl_classifier_lead(ask->declared, &reply->text, &reply->list);
    if (reply->text.precedent != NULL)
        reply->way = GL_REPLY_RULED;
    if (reply->list.count > ask->limit)
        reply->list.count = ask->limit;
}

void gl_desk_missing(const gl_desk *desk, const gl_ask *ask, const gl_reply *reply, gl_missing *missing)
{
    char buffer[GL_TEXT_OUTPUT_MAX];

    missing->count = 0;
    if (desk->facts == NULL || reply->too_long || reply->text.precedent != NULL)
        return;
    if (reply->known > 0 && reply->text.status != GL_CLASSIFICATION_STATUS_VAGUE)
        gl_facts_missing(desk->facts, gl_text_normalise(ask->description, buffer), reply->list.at, reply->known,
                         missing);
    if (missing->count == 0 && reply->text.status != GL_CLASSIFICATION_STATUS_CLASSIFIED)
        gl_facts_ask_all(desk->facts, missing);
}

size_t gl_desk_closest(const gl_desk *desk, const gl_ask *ask, gl_close_term at[GL_TERMS_SHOWN])
{
    char buffer[GL_TEXT_OUTPUT_MAX];

    return desk->terms == NULL ? 0 : gl_terms_closest(desk->terms, gl_text_normalise(ask->description, buffer), at);
}

size_t gl_desk_weigh(gl_desk *desk, const gl_ask *ask, const gl_reply *reply, char normal[GL_TEXT_OUTPUT_MAX],
                     gl_weighed at[GL_WEIGH_SHOWN])
{
    if (reply->too_long || reply->text.precedent != NULL || reply->text.result.count == 0)
        return 0;
    spare *taken = take_spare(desk);
    size_t count = gl_weigh(gl_classifier_model(desk->classifier), taken->scratch,
                            gl_text_normalise(ask->description, normal), reply->text.result.top[0].hs6, at);
    give_back(desk, taken);
    for (size_t i = 0; i < count; i++)
        at[i].without_ppm = gl_tightened_ppm(&reply->text.tightening, at[i].without_ppm);
    return count;
}

bool gl_desk_is_code(gl_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.len >= 2 && text.len <= GL_DESK_LIMIT_DECLARED_DIGITS;
}

/* ---- as JSON ---- */

const char *gl_reply_status(const gl_reply *reply)
{
    return reply->too_long ? "REFUSED" : gl_classification_status_name(reply->text.status);
}

void gl_reply_share_json(gl_buf *buf, int32_t ppm)
{
    gl_buf_printf(buf, "%d.%06d", (int)(ppm / 1000000), (int)(ppm % 1000000));
}

void gl_reply_candidate_json(gl_buf *buf, const gl_hs_candidate *candidate)
{
    gl_buf_printf(buf, "{\"code\":\"%s\",\"confidence\":", candidate->hs6);
    gl_reply_share_json(buf, candidate->confidence_ppm);
    gl_buf_byte(buf, '}');
}

static void put_list(gl_buf *buf, const gl_hs_candidate *at, size_t count)
{
    gl_buf_byte(buf, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            gl_buf_byte(buf, ',');
        gl_reply_candidate_json(buf, &at[i]);
    }
    gl_buf_byte(buf, ']');
}

/* The best of each level, coarse first. */
static void put_roll_up(gl_buf *buf, const gl_hs_result *result)
{
    gl_hs_candidate best[GL_HS_LEVELS];

    memcpy(best, result->group, sizeof result->group);
    best[GL_HS_LEVELS - 1] = result->top[0];
    put_list(buf, best, result->count > 0 ? GL_HS_LEVELS : 0);
}

/* Better are the candidates that are likelier; a code that the model does not have has no confidence. */
static void put_declared(gl_buf *buf, const gl_ask *ask, const gl_reply *reply)
{
    const gl_hs_result *result = &reply->text.result;
    int32_t rank;
    size_t better = 0;

    gl_buf_text(buf, ",\"declared\":{\"code\":");
    gl_buf_json(buf, ask->declared);
    gl_buf_text(buf, ",\"confidence\":");
    if (result->has_declared)
        gl_reply_share_json(buf, result->declared_ppm);
    else
        gl_buf_text(buf, "null");
    gl_buf_printf(buf, ",\"verdict\":\"%s\",\"agreement\":\"%s\",\"better\":",
                  gl_classification_verdict_name(gl_text_class_verdict(&reply->text, ask->declared)),
                  gl_classification_agreement_name(gl_text_class_compare(&reply->text, ask->declared, &rank)));
    while (better < reply->list.count && reply->list.at[better].confidence_ppm > result->declared_ppm &&
           ask->declared.len >= GL_HS_CODE_DIGITS)
        better++;
    put_list(buf, reply->list.at, better);
    gl_buf_byte(buf, '}');
}

/* What the model had claimed, where findings say that it is too much. */
static void put_tightening(gl_buf *buf, const gl_text_class *text)
{
    gl_buf_text(buf, ",\"tightened\":{\"factor\":");
    gl_reply_share_json(buf, text->tightening.factor_ppm);
    gl_buf_text(buf, ",\"claimed\":");
    gl_reply_share_json(buf, text->claimed_ppm);
    gl_buf_text(buf, ",\"answer\":");
    if (text->claimed_digits > 0)
        gl_reply_candidate_json(buf, &text->claimed_answer);
    else
        gl_buf_text(buf, "null");
    gl_buf_byte(buf, '}');
}

static void put_reasons(gl_buf *buf, gl_desk *desk, const gl_ask *ask, const gl_reply *reply)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    gl_weighed words[GL_WEIGH_SHOWN];
    gl_close_term at[GL_TERMS_SHOWN];
    size_t count = gl_desk_closest(desk, ask, at);

    gl_buf_text(buf, ",\"words\":");
    gl_weighed_json(buf, words, gl_desk_weigh(desk, ask, reply, normal, words));
    gl_buf_text(buf, ",\"closest\":");
    gl_terms_json(buf, at, count);
}

void gl_reply_json(gl_buf *buf, gl_desk *desk, const gl_ask *ask, const gl_reply *reply)
{
    const gl_hs_candidate *answer = gl_text_class_answer(&reply->text);
    gl_missing missing;

    gl_desk_missing(desk, ask, reply, &missing);
    gl_buf_text(buf, "{\"description\":");
    gl_buf_json(buf, ask->description);
    gl_buf_printf(buf, ",\"abstained\":%s,\"answer\":",
                  reply->text.status == GL_CLASSIFICATION_STATUS_CLASSIFIED ? "false" : "true");
    if (answer != NULL)
        gl_reply_candidate_json(buf, answer);
    else
        gl_buf_text(buf, "null");
    gl_buf_text(buf, ",\"roll_up\":");
    put_roll_up(buf, &reply->text.result);
    gl_buf_text(buf, ",\"candidates\":");
    put_list(buf, reply->list.at, reply->list.count);
    gl_buf_printf(buf, ",\"status\":\"%s\",\"reason\":\"%s\",\"model_version\":\"%s\"", gl_reply_status(reply),
                  reply->text.reason, gl_classifier_version(desk->classifier));
    gl_buf_text(buf, ",\"missing\":");
    gl_missing_json(buf, &missing);
    if (ask->declared.len > 0)
        put_declared(buf, ask, reply);
    if (ask->national != NULL)
        gl_national_reply_json(buf, gl_classifier_abstain_ppm(desk->classifier), ask, reply);
    if (gl_text_class_is_tightened(&reply->text))
        put_tightening(buf, &reply->text);
    if (reply->text.precedent != NULL) {
        gl_buf_text(buf, ",\"precedent\":");
        gl_precedent_tell(buf, reply->text.precedent, desk->explains);
    }
    if (ask->explain)
        put_reasons(buf, desk, ask, reply);
    gl_buf_byte(buf, '}');
}
