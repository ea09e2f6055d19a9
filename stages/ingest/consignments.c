/* GET /v1/consignments: an account's declarations that have a reference in common, a UCR or a transport document. From
 * the view in Redis: what it has of a reference is whole only when the view of every partition is. Thread: HTTP. */
#include <stdlib.h>

#include "customs/ids.h"
#include "customs/view.h"
#include "ingest/ingest.h"

enum { AT_ONCE = 500, REFERENCE_BYTES = 600 };

static const char *const RETRY_SOON[] = {"Retry-After: 1", NULL};

typedef struct listing {
    gl_arena *arena;
    gl_str members[AT_ONCE];
    size_t count;
    int64_t total;
    gl_str *values;  /* the members' entries */
    gl_str *markers; /* by partition */
} listing;

static bool read_all(gl_ingest *ingest, listing *l, gl_str key, int64_t from, gl_err *err)
{
    size_t partitions = (size_t)ingest->partition_count;
    gl_str *markers = GL_NEW_N(l->arena, gl_str, partitions), *keys = GL_NEW_N(l->arena, gl_str, AT_ONCE);
    l->markers = GL_NEW_N(l->arena, gl_str, partitions);
    l->values = GL_NEW_N(l->arena, gl_str, AT_ONCE);
    for (size_t i = 0; i < partitions; i++)
        markers[i] = gl_view_marker_key(l->arena, (int32_t)i);
    pthread_mutex_lock(&ingest->view_lock);
    bool good = gl_kv_get(ingest->view_kv, l->arena, markers, partitions, l->markers, err) &&
                gl_kv_ranked(ingest->view_kv, l->arena, key, from, AT_ONCE, l->members, &l->count, &l->total, err);
    for (size_t i = 0; good && i < l->count; i++)
        keys[i] = l->members[i].len == GL_MRN_STEM_CHARS ? gl_view_key(l->arena, l->members[i].ptr) : GL_STR("gl:v:");
    good = good && gl_kv_get(ingest->view_kv, l->arena, keys, l->count, l->values, err);
    pthread_mutex_unlock(&ingest->view_lock);
    return good;
}

/* Of what is decided, which is all that is listed. */
static bool is_complete(const gl_ingest *ingest, const listing *l)
{
    for (int32_t i = 0; i < ingest->partition_count; i++)
        if (l->markers[i].ptr == NULL)
            return false;
    return true;
}

static void add_member(gl_buf *body, const gl_json *view, const char *name, char before)
{
    gl_buf_byte(body, (uint8_t)before);
    gl_buf_json(body, gl_str_of(name));
    gl_buf_byte(body, ':');
    gl_buf_json(body, gl_json_text(view, name));
}

/* By the procedure letter of its MRN. */
static const char *family_of(gl_str mrn)
{
    char letter = mrn.len == GL_MRN_CHARS ? mrn.ptr[GL_MRN_CHARS - 2] : 'R';
    return letter == 'T' ? "ENTRY_SUMMARY" : letter == 'A' ? "EXPORT" : "IMPORT";
}

/* Why it is held: "referral-rfs" of an entry summary is what the import of the same consignment has to know. */
static void add_hold(gl_buf *body, const gl_json *view)
{
    const gl_json *hold = gl_json_get(view, "hold");
    if (hold == NULL || hold->type != GL_JSON_OBJECT)
        return;
    gl_buf_text(body, ",\"hold\":");
    gl_buf_json(body, gl_json_text(hold, "reason"));
}

static bool has_reference(gl_str json, gl_str quoted)
{
    size_t at = 0;
    for (gl_str next; (next = gl_view_next_reference(json, &at)).ptr != NULL;)
        if (gl_str_eq(next, quoted))
            return true;
    return false;
}

/* What is gone from the view, belongs to another declaration of the same stem, or had the reference before an
 * amendment, is left out. */
static bool add_one(gl_buf *body, gl_arena *arena, gl_str value, gl_str quoted, const char *account, bool first)
{
    gl_view_entry entry;
    const gl_json *view = gl_view_read(arena, value, &entry);
    if (view == NULL || !gl_str_eqz(gl_json_text(view, "submitter"), account) || !has_reference(entry.json, quoted))
        return false;
    gl_buf_text(body, first ? "" : ",\n");
    add_member(body, view, "mrn", '{');
    add_member(body, view, "lrn", ',');
    add_member(body, view, "outcome", ',');
    add_member(body, view, "lane", ',');
    gl_buf_printf(body, ",\"family\":\"%s\"", family_of(gl_json_text(view, "mrn")));
    add_hold(body, view);
    gl_buf_byte(body, '}');
    return true;
}

static void respond(gl_http_request *request, const listing *l, gl_str quoted, const char *account, int64_t from)
{
    gl_buf body = {0};
    bool first = true;
    gl_buf_text(&body, "{\"reference\":");
    gl_buf_str(&body, quoted);
    gl_buf_text(&body, ",\"declarations\":[");
    for (size_t i = 0; i < l->count; i++)
        first = !add_one(&body, l->arena, l->values[i], quoted, account, first) && first;
    gl_buf_printf(&body, "],\"total\":%lld", (long long)l->total);
    if (from + (int64_t)l->count < l->total)
        gl_buf_printf(&body, ",\"next\":%lld", (long long)(from + (int64_t)l->count));
    gl_buf_text(&body, "}\n");
    gl_http_respond(request, 200, "application/json", gl_buf_view(&body), NULL);
    gl_buf_free(&body);
}

/* ?reference=UCR:... or N740:..., ?from=500 for those after the first 500; an officer also ?submitter=... */
void gl_consignments_get(void *context, gl_http_request *request)
{
    gl_ingest *ingest = context;
    const gl_account *account = gl_service_account(ingest, request);
    uint64_t from = 0;
    if (account == NULL)
        return;
    gl_str reference = gl_http_query(request, "reference"), start = gl_http_query(request, "from"),
           submitter = gl_http_query(request, "submitter");
    if (reference.len == 0 || reference.len > REFERENCE_BYTES ||
        (start.ptr != NULL && !gl_str_to_u64(start, INT32_MAX, &from))) {
        gl_http_problem(request, 400, "query-invalid",
                        "give reference=UCR:..., or a transport document's type and id as N740:157-12345675; from is a "
                        "whole number",
                        NULL);
        return;
    }
    gl_arena *arena = gl_arena_new(0);
    const char *owner = account->name;
    if (account->officer && submitter.len > 0)
        owner = gl_arena_strndup(arena, submitter.ptr, submitter.len);
    listing *l = GL_NEW(arena, listing);
    gl_buf quoted = gl_buf_in(arena);
    gl_err err = {0};
    l->arena = arena;
    gl_buf_json(&quoted, reference);
    if (!read_all(ingest, l, gl_view_reference_key(arena, gl_str_of(owner), gl_buf_view(&quoted)), (int64_t)from, &err))
        gl_http_problem(request, 503, "view-unavailable", err.message, RETRY_SOON);
    else if (!is_complete(ingest, l))
        gl_http_problem(request, 503, "view-rebuilding", "the status view is being rebuilt; ask again", RETRY_SOON);
    else
        respond(request, l, gl_buf_view(&quoted), owner, (int64_t)from);
    gl_arena_destroy(arena);
}
