/* Rulings: an officer says what a goods description is classified as, or revokes that. One record on gl.precedents,
 * which every classify daemon follows; see docs/CLASSIFY.md, "Precedents".
 *
 * Always holds: a ruling is an officer's; it was not made in the future, for the latest stands; the same event has the
 * same key, so that a repeated one has no second effect.
 */
#include "customs/precedent.h"
#include "gen/topics.h"
#include "ingest/pass.h"
#include "io/envelope.h"

enum { CLOCKS_DIFFER_MS = 60000 };

static void put(gl_pass *pass, const gl_entry *e, const gl_precedent *precedent)
{
    gl_buf value = gl_buf_in(pass->arena);
    uint8_t *key = gl_arena_alloc(pass->arena, GL_PRECEDENT_KEY_BYTES);

    gl_schema_begin(&value, GL_SCHEMA_PRECEDENT_ENVELOPE);
    gl_precedent_encode(&value, precedent);
    gl_precedent_key(precedent, key);
    gl_outbox_put_to(pass->outbox, e->record, GL_INGEST_OUT_PRECEDENTS, 0,
                     (gl_str){(const char *)key, GL_PRECEDENT_KEY_BYTES}, gl_buf_view(&value));
}

void gl_ruling_settle(gl_pass *pass, gl_entry *e)
{
    const gl_event *event = &e->intake->event->event;
    const gl_ruling *ruling = e->intake->event->ruling;
    const gl_account *account = e->job->account;
    char normal[GL_TEXT_OUTPUT_MAX], *words = gl_arena_alloc(pass->arena, GL_TEXT_OUTPUT_MAX);

    if (!account->officer) {
        gl_event_refuse(
            pass, e, "officer-required", "type",
            gl_arena_printf(pass->arena, "CLASSIFICATION is an officer's: the account %s is none", account->name),
            "send it as an account that has officer: true");
        return;
    }
    if (event->occurred_at > e->job->received_us + CLOCKS_DIFFER_MS * INT64_C(1000)) {
        gl_event_refuse(pass, e, "date-in-future", "occurred_at", "a ruling cannot be made in the future",
                        "set the sender's clock, or send it then");
        return;
    }
    gl_precedent precedent = {
        .words = gl_precedent_words(gl_text_normalise(ruling->description, normal), words),
        .description = ruling->description,
        .code = ruling->commodity_code,
        .made_at = event->occurred_at,
        .received_at = e->job->received_us,
        .event_id = event->event_id,
        .account = gl_str_of(account->name),
        .actor = event->actor,
        .reason = event->text,
    };
    if (!e->job->answer_only)
        put(pass, e, &precedent);
    e->answer->taken = true;
    e->answer->event_id = event->event_id;
}
