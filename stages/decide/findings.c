/* See findings.h. */
#include "decide/findings.h"

#include "customs/finding.h"
#include "customs/text.h"
#include "decide/decide.h"
#include "io/envelope.h"

enum { HS6_DIGITS = 6 };

typedef struct found_list {
    gl_found *at;
    bool *used;
    size_t count;
} found_list;

static bool may_find(const gl_event *event)
{
    return event->type == GL_EVENT_EVENT_TYPE_INSPECTION_RESULT || event->type == GL_EVENT_EVENT_TYPE_OFFICER_ACTION;
}

/* What cannot be read (ingest lets nothing of it pass) is `*wrong`. */
static found_list read_details(gl_arena *arena, const gl_event *event, size_t *wrong)
{
    found_list list = {NULL, NULL, 0};
    if (!may_find(event) || event->details.count == 0)
        return list;
    list.at = GL_NEW_N(arena, gl_found, event->details.count);
    list.used = GL_NEW_N(arena, bool, event->details.count);
    for (size_t i = 0; i < event->details.count; i++) {
        const gl_event_detail *detail = &event->details.at[i];
        bool of_name;
        if (!gl_found_is(detail->name))
            continue;
        if (gl_found_read(detail->name, detail->value, &list.at[list.count], &of_name) == NULL)
            list.count++;
        else
            ++*wrong;
    }
    return list;
}

/* The item's own, else that of all. */
static const gl_found *found_of(const found_list *list, int32_t item)
{
    const gl_found *all = NULL;
    for (size_t i = 0; i < list->count; i++) {
        if (list->at[i].item == item)
            return &list->at[i];
        if (list->at[i].item == 0)
            all = &list->at[i];
    }
    return all;
}

static bool begins_with(gl_str code, gl_str beginning)
{
    return beginning.len > 0 && gl_str_starts(code, beginning);
}

/* Of the likeliest subheading; before it was tightened, so that a claim stays too high however it was tightened. */
static int32_t claimed_of(const gl_classification *said, size_t index)
{
    for (size_t i = 0; i < said->tightened.count; i++)
        if (said->tightened.at[i].item == (int32_t)index)
            return said->tightened.at[i].claimed_ppm;
    return said->items.at[index].candidates.at[0].confidence_ppm;
}

/* False: the model claimed nothing of the item, or what was found has no subheading. */
static bool compare(const gl_classification *said, size_t index, const gl_declaration_goods_item *item, gl_str code,
                    gl_finding *out)
{
    char normal[GL_TEXT_OUTPUT_MAX];
    if (index >= said->items.count || code.len < HS6_DIGITS)
        return false;
    const gl_classification_item_classification *about = &said->items.at[index];
    bool claimed =
        about->status == GL_CLASSIFICATION_STATUS_CLASSIFIED || about->status == GL_CLASSIFICATION_STATUS_ABSTAINED;
    if (!claimed || about->candidates.count == 0 || gl_str_eqz(about->reason, "precedent"))
        return false;
    out->words = (int32_t)gl_text_words(gl_text_normalise(item->description, normal));
    out->claimed_ppm = claimed_of(said, index);
    out->right = begins_with(code, about->candidates.at[0].hs6);
    if (index >= said->answers.count || said->answers.at[index].answer_code.len == 0)
        return true;
    const gl_classification_item_answer *answer = &said->answers.at[index];
    out->answer_digits = (int32_t)answer->answer_code.len;
    out->answer_confidence_ppm = answer->answer_confidence_ppm.value;
    out->answer_right = begins_with(code, answer->answer_code);
    return true;
}

gl_findings gl_findings_of(gl_arena *arena, const gl_event *event, const gl_assessed *assessed, bool drawn)
{
    const gl_declaration *declaration = &assessed->declaration;
    gl_findings made = {0};
    found_list list = read_details(arena, event, &made.unused);
    if (list.count == 0)
        return made;
    made.at = GL_NEW_N(arena, gl_finding, declaration->items.count);
    made.items = GL_NEW_N(arena, int32_t, declaration->items.count);
    made.withdrawn = GL_NEW_N(arena, bool, declaration->items.count);
    for (size_t i = 0; i < declaration->items.count && !declaration->test_indicator; i++) {
        const gl_declaration_goods_item *item = &declaration->items.at[i];
        const gl_found *found = found_of(&list, item->sequence_numeric);
        if (found == NULL)
            continue;
        gl_finding finding = {.submitter = declaration->submitter,
                              .model_version = assessed->classification.model_version,
                              .drawn = drawn,
                              .found_at = event->occurred_at};
        gl_str code = found->what == GL_FOUND_CODE ? found->code : item->commodity_code;
        made.withdrawn[made.count] = found->what == GL_FOUND_UNKNOWN;
        if (found->what != GL_FOUND_UNKNOWN && !compare(&assessed->classification, i, item, code, &finding))
            continue;
        list.used[found - list.at] = true;
        made.items[made.count] = item->sequence_numeric;
        made.at[made.count++] = finding;
    }
    for (size_t i = 0; i < list.count; i++)
        made.unused += !list.used[i];
    return made;
}

static gl_str value_of(gl_arena *arena, const gl_finding *finding)
{
    gl_buf buf = gl_buf_in(arena);
    gl_schema_begin(&buf, GL_SCHEMA_FINDING_ENVELOPE);
    gl_finding_encode(&buf, finding);
    return gl_buf_view(&buf);
}

void gl_findings_put(gl_pass *p, const gl_record *cause, gl_str id, int32_t version, const gl_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        gl_finding *finding = &findings->at[i];
        uint8_t *key = gl_arena_alloc(p->arena, GL_FINDING_KEY_BYTES);
        gl_finding_key((const uint8_t *)id.ptr, findings->items[i], key);
        finding->version = version;
        finding->decided_at = p->batch->now_us;
        gl_str value = findings->withdrawn[i] ? (gl_str){NULL, 0} : value_of(p->arena, finding);
        gl_outbox_put_to(p->outbox, cause, GL_DECIDE_OUT_FINDINGS, 0, (gl_str){(const char *)key, GL_FINDING_KEY_BYTES},
                         value);
    }
}
