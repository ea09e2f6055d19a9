/* Events about declarations: who may send one, which declaration it is about, and its record on gl.events.
 *
 * The key is the declaration's id. An event by LRN has it at once (the id is made of submitter, LRN and family); one by
 * MRN gets it from the status view, and without an entry there it is keyed by what the MRN holds of the id, its top 62
 * bits, and zeros: decide finds the clearance by these.
 * Always holds: an account that is no officer's reaches only its own declarations, also when Redis is away: then its
 * events by MRN are refused until the view is back, and those by LRN are taken.
 */
#include "gen/topics.h"
#include "ingest/named.h"
#include "io/envelope.h"

enum { CANCELLATION_DIGEST_BYTES = 16 };

static bool needs_officer(gl_event_event_type type)
{
    return type == GL_EVENT_EVENT_TYPE_INSPECTION_RESULT || type == GL_EVENT_EVENT_TYPE_OFFICER_ACTION;
}

static bool is_another(const gl_account *account, gl_str submitter)
{
    return submitter.len > 0 && !gl_str_eqz(submitter, account->name);
}

void gl_event_identify(gl_pass *pass, gl_entry *e)
{
    const gl_event_request *request = e->intake->event;
    if (request->mrn.len > 0) {
        gl_mrn_valid(request->mrn, e->stem);
        e->id = gl_named_stem_id(e->stem);
    } else {
        gl_str own = gl_str_of(e->job->account->name);
        e->id = gl_declaration_id_of(request->submitter.len > 0 ? request->submitter : own, request->lrn,
                                     (gl_family)request->family);
        gl_mrn_stem(e->id.bytes, e->stem);
    }
    e->partition = gl_declaration_partition(e->id.bytes, pass->ingest->partition_count);
}

void gl_event_refuse(gl_pass *pass, gl_entry *e, const char *code, const char *field, const char *text,
                     const char *hint)
{
    gl_rejection_validation_error *error = GL_NEW(pass->arena, gl_rejection_validation_error);
    error->code = gl_str_of(code);
    error->field = gl_str_of(field);
    error->text = gl_str_of(text);
    if (hint != NULL)
        error->hint = gl_str_of(hint);
    gl_pass_reject_for(pass, e, error);
}

/* May the account send this at all? */
static bool may_send(gl_pass *pass, gl_entry *e)
{
    const gl_account *account = e->job->account;
    const gl_event_request *request = e->intake->event;
    if (account->officer)
        return true;
    if (needs_officer(request->event.type)) {
        gl_event_refuse(pass, e, "officer-required", "type",
                        gl_arena_printf(pass->arena, "%s is an officer's: the account %s is none",
                                        gl_event_event_type_name(request->event.type), account->name),
                        "send it as an account that has officer: true");
        return false;
    }
    if (is_another(account, request->submitter)) {
        gl_event_refuse(pass, e, "not-owner", "submitter", "only an officer's account names another submitter",
                        "leave it out");
        return false;
    }
    return true;
}

/* An event by MRN: its declaration as far as it is known. false: refused. */
static bool find_by_mrn(gl_pass *pass, gl_entry *e, const gl_named *view)
{
    gl_view_entry entry;
    bool unreadable = gl_pass_view(pass, e, &entry) && gl_view_is_unreadable(&entry);
    const gl_account *account = e->job->account;
    if (view != NULL && !account->officer && is_another(account, view->submitter))
        view = NULL; /* answered as one that is not there: nothing is told about it */
    else if (view != NULL && gl_named_id(view, &e->id))
        return true;
    else if (view == NULL && (unreadable || !gl_pass_complete(pass, e->partition))) {
        if (account->officer)
            return true; /* by the stem: decide finds it, or parks it */
        gl_event_refuse(pass, e, "view-rebuilding", "mrn",
                        unreadable ? "whose declaration this is cannot be told before its record is repaired"
                                   : "whose declaration this is cannot be told while the status view is being rebuilt",
                        "send it again, or name the declaration by lrn and family");
        return false;
    }
    gl_event_refuse(pass, e, "mrn-unknown", "mrn", "this account has no such declaration", NULL);
    return false;
}

/* A cancellation that came as a declaration has no id of its own: the same message gives the same one. */
static void fill(gl_pass *pass, const gl_entry *e, gl_event *event)
{
    memcpy(event->declaration_id, e->id.bytes, sizeof event->declaration_id);
    event->received_at = e->job->received_us;
    event->source = gl_str_of(e->job->account->name);
    if (event->occurred_at == 0)
        event->occurred_at = e->job->received_us;
    if (event->event_id.len > 0)
        return;
    uint8_t digest[GL_SHA256_BYTES];
    char *id = gl_arena_alloc(pass->arena, 2 * CANCELLATION_DIGEST_BYTES + 1);
    gl_sha256(gl_str_trim(e->intake->source), digest);
    gl_hex(digest, CANCELLATION_DIGEST_BYTES, id);
    event->event_id = gl_str_of(gl_arena_printf(pass->arena, "cancellation:%s", id));
}

void gl_event_settle(gl_pass *pass, gl_entry *e)
{
    gl_event_request *request = e->intake->event;
    gl_named view = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    bool seen = gl_named_read(pass, e, &view);
    if (!may_send(pass, e) || (request->mrn.len > 0 && !find_by_mrn(pass, e, seen ? &view : NULL)))
        return;
    gl_event event = request->event;
    fill(pass, e, &event);
    gl_buf value = gl_buf_in(pass->arena);
    gl_schema_begin(&value, GL_SCHEMA_EVENT_ENVELOPE);
    gl_event_encode(&value, &event);
    gl_str key = {gl_arena_dup(pass->arena, e->id.bytes, sizeof e->id.bytes), sizeof e->id.bytes};
    if (!e->job->answer_only)
        gl_outbox_put_to(pass->outbox, e->record, GL_INGEST_OUT_EVENTS, e->partition, key, gl_buf_view(&value));
    e->answer->taken = true;
    e->answer->event_id = event.event_id;
    e->answer->mrn = request->mrn.len > 0 ? request->mrn : seen ? view.mrn : GL_STR("");
}
