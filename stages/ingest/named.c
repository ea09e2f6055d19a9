/* See named.h. */
#include "ingest/named.h"

#include "io/json.h"

enum { VIEW_LIMIT_BYTES = 1 << 20, VIEW_LIMIT_NODES = 1 << 16, STEM_BYTES = 8 };

gl_declaration_id gl_named_stem_id(const char *stem)
{
    gl_declaration_id id = {{0}};
    uint64_t bits = 0;
    gl_mrn_stem_bits(gl_str_of(stem), &bits);
    bits <<= 2;
    for (int i = 0; i < STEM_BYTES; i++)
        id.bytes[i] = (uint8_t)(bits >> (8 * (STEM_BYTES - 1 - i)));
    return id;
}

bool gl_named_read(const gl_pass *pass, const gl_entry *e, gl_named *out)
{
    gl_view_entry view;
    gl_err err = {0};
    if (!gl_pass_view(pass, e, &view))
        return false;
    const gl_json *json = gl_json_parse(pass->arena, view.json, VIEW_LIMIT_BYTES, VIEW_LIMIT_NODES, &err);
    if (json == NULL)
        return false;
    *out = (gl_named){gl_json_text(json, "mrn"), gl_json_text(json, "lrn"), gl_json_text(json, "submitter")};
    return out->mrn.len > 0 && out->lrn.len > 0 && out->submitter.len > 0;
}

bool gl_named_id(const gl_named *view, gl_declaration_id *id)
{
    static const char letters[] = "RAT"; /* by gl_family */
    char stem[GL_MRN_STEM_CHARS + 1], made[GL_MRN_STEM_CHARS + 1];
    const char *letter = gl_mrn_valid(view->mrn, stem) ? strchr(letters, view->mrn.ptr[GL_MRN_CHARS - 2]) : NULL;
    if (letter == NULL)
        return false;
    *id = gl_declaration_id_of(view->submitter, view->lrn, (gl_family)(letter - letters));
    gl_mrn_stem(id->bytes, made);
    return memcmp(stem, made, sizeof stem) == 0;
}

/* -- Amendments -------------------------------------------------------------------------------------------------- */

static bool refuse(gl_pass *pass, gl_entry *e, const char *code, const char *text, const char *hint)
{
    gl_rejection_validation_error *error = GL_NEW(pass->arena, gl_rejection_validation_error);
    error->code = gl_str_of(code);
    error->field = GL_STR("mrn");
    error->value = e->intake->amends;
    error->text = gl_str_of(text);
    if (hint != NULL)
        error->hint = gl_str_of(hint);
    gl_pass_reject_for(pass, e, error);
    return false;
}

void gl_amended_identify(const gl_pass *pass, gl_entry *e)
{
    if (!gl_mrn_valid(e->intake->amends, e->stem))
        memset(e->stem, '0', GL_MRN_STEM_CHARS); /* is refused after the look-up, with the others */
    gl_declaration_id id = gl_named_stem_id(e->stem);
    e->partition = gl_declaration_partition(id.bytes, pass->ingest->partition_count);
}

/* Of another account, or of another family: answered as one that is not there. */
bool gl_amended_find(gl_pass *pass, gl_entry *e)
{
    gl_named view;
    gl_view_entry entry;
    gl_declaration_id id;
    bool seen = gl_pass_view(pass, e, &entry), unreadable = seen && gl_view_is_unreadable(&entry);
    gl_declaration *declaration = &e->intake->declaration;
    if (!gl_mrn_valid(e->intake->amends, NULL))
        return refuse(pass, e, "mrn-unknown", "no declaration has this MRN: its check character is another one", NULL);
    if (!gl_named_read(pass, e, &view) && (unreadable || (!seen && !gl_pass_complete(pass, e->partition))))
        return refuse(pass, e, "view-rebuilding",
                      "which declaration this amends cannot be told while the status view is being rebuilt",
                      "send it again");
    if (!gl_named_read(pass, e, &view) || !gl_str_eqz(view.submitter, e->job->account->name) ||
        !gl_named_id(&view, &id) || !gl_str_eq(view.mrn, e->intake->amends))
        return refuse(pass, e, "mrn-unknown", "this account has no such declaration", NULL);
    e->id = gl_declaration_id_of(view.submitter, view.lrn, (gl_family)declaration->family);
    if (memcmp(e->id.bytes, id.bytes, sizeof id.bytes) != 0)
        return refuse(pass, e, "mrn-unknown", "this account has no such entry summary declaration", NULL);
    declaration->functional_reference_id = e->intake->lrn = e->answer->lrn = view.lrn;
    return true;
}
