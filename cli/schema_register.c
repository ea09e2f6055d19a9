/* greenlane schema check, greenlane schema register: what a deployment does before its daemons start.
 *
 * Always holds: everything is checked before anything is registered; what cannot be read by this program is not
 * registered, whatever the registry's own rules say.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/registry.h"
#include "io/avro.h"
#include "io/json.h"
#include "io/registry.h"

enum { PATIENCE_MS = 30000 };

typedef struct candidate {
    const gl_topic_schema *schema;
    char subject[GL_REGISTRY_SUBJECT_BYTES];
    gl_str json;
    uint32_t id; /* 0: not registered */
} candidate;

typedef struct registering {
    const gl_schema_request *request;
    gl_registry_client *client;
    gl_arena *arena;
    candidate *candidates;
    size_t incompatible;
} registering;

/* ---- schemas with other sections ---- */

/* JSON without white space: what a registry compares letter by letter. */
static gl_str minified(gl_arena *arena, gl_str text)
{
    gl_buf out = gl_buf_in(arena);
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
            continue;
        gl_buf_byte(&out, (uint8_t)c);
        if (quoted && c == '\\' && i + 1 < text.len)
            gl_buf_byte(&out, (uint8_t)text.ptr[++i]);
        else if (c == '"')
            quoted = !quoted;
    }
    return gl_buf_view(&out);
}

static bool read_file(const char *path, gl_buf *text, gl_err *err)
{
    if (!gl_buf_read_file(text, path, GL_AVRO_LIMIT_SCHEMA_BYTES))
        return gl_fail(err, GL_FATAL, "schema-file", "cannot read %s: %s", path, strerror(errno));
    return text->len <= GL_AVRO_LIMIT_SCHEMA_BYTES ||
           gl_fail(err, GL_FATAL, "schema-file", "%s has more than %d bytes", path, GL_AVRO_LIMIT_SCHEMA_BYTES);
}

static const gl_json *field_type(const gl_json *top, gl_str name)
{
    const gl_json *fields = gl_json_get(top, "fields");
    for (size_t i = 0; fields != NULL && i < fields->count; i++)
        if (gl_str_eq(gl_json_text(fields->items[i], "name"), name))
            return gl_json_get(fields->items[i], "type");
    return NULL;
}

/* Puts `section` in the place of the field `name`, where there is one. */
static bool replace_section(gl_arena *arena, gl_str name, gl_str section, gl_str *json, bool *found, gl_err *err)
{
    const gl_json *top = gl_json_parse(arena, *json, GL_AVRO_LIMIT_SCHEMA_BYTES, GL_AVRO_LIMIT_SCHEMA_NODES, err);
    const gl_json *type = top == NULL ? NULL : field_type(top, name);
    if (type == NULL)
        return top != NULL;
    gl_buf out = gl_buf_in(arena);
    gl_buf_bytes(&out, json->ptr, type->begin);
    gl_buf_str(&out, section);
    gl_buf_bytes(&out, json->ptr + type->end, json->len - type->end);
    *json = gl_buf_view(&out);
    *found = true;
    return true;
}

/* NAME=FILE, for every topic that has the section. */
static bool take_section(registering *r, const char *argument, gl_err *err)
{
    const char *equals = strchr(argument, '=');
    gl_buf text = gl_buf_in(r->arena);
    bool found = false;
    if (equals == NULL)
        return gl_fail(err, GL_FATAL, "schema-file", "--section %s: give it as NAME=FILE", argument);
    gl_str name = {argument, (size_t)(equals - argument)};
    if (!read_file(equals + 1, &text, err))
        return false;
    gl_str section = minified(r->arena, gl_buf_view(&text));
    for (size_t i = 0; i < gl_topic_schema_count; i++)
        if (!replace_section(r->arena, name, section, &r->candidates[i].json, &found, err))
            return false;
    return found || gl_fail(err, GL_FATAL, "schema-file", "no topic has a section %.*s", GL_STR_ARG(name));
}

static bool prepare(registering *r, gl_err *err)
{
    r->candidates = GL_NEW_N(r->arena, candidate, gl_topic_schema_count);
    for (size_t i = 0; i < gl_topic_schema_count; i++) {
        candidate *c = &r->candidates[i];
        c->schema = &gl_topic_schemas[i];
        c->json = (gl_str){c->schema->json, c->schema->json_len};
        gl_registry_subject(c->schema, c->subject);
    }
    for (size_t i = 0; i < r->request->section_count; i++)
        if (!take_section(r, r->request->sections[i], err))
            return false;
    return true;
}

/* ---- checking ---- */

static void say(const registering *r, const candidate *c, const char *result, const char *why)
{
    if (r->request->json) {
        gl_buf line = gl_buf_in(r->arena);
        gl_buf_printf(&line, "{\"subject\":\"%s\",\"id\":%u,\"result\":\"%s\",\"why\":", c->subject, (unsigned)c->id,
                      result);
        gl_buf_json(&line, gl_str_of(why));
        printf("%.*s}\n", GL_STR_ARG(gl_buf_view(&line)));
    } else if (c->id != 0) {
        printf("%-44s id %-6u %s\n", c->subject, (unsigned)c->id, result);
    } else {
        printf("%-44s           %s%s%s\n", c->subject, result, why[0] == '\0' ? "" : ": ", why);
    }
}

/* Can `reader` read what `writer` wrote? */
static bool reads(gl_str writer, gl_str reader, gl_err *err)
{
    gl_avro_resolver *resolver = gl_avro_resolver_new(writer, reader, err);
    gl_avro_resolver_destroy(resolver);
    return resolver != NULL;
}

/* By this program's own rules: it reads the candidate, and the candidate's readers what is there. */
static bool fits(registering *r, const candidate *c, gl_err *why, gl_err *err)
{
    gl_str ours = {c->schema->json, c->schema->json_len};
    gl_buf latest = gl_buf_in(r->arena);
    uint32_t id = 0;
    gl_err unknown;
    if (!reads(c->json, ours, why)) {
        gl_fail_context(why, "this program cannot read it");
        return true;
    }
    if (!gl_registry_version(r->client, c->subject, 0, &id, &latest, &unknown)) {
        if (unknown.action == GL_DEAD_LETTER)
            return true;
        *err = unknown;
        return false;
    }
    if (!reads(gl_buf_view(&latest), c->json, why))
        gl_fail_context(why, "it cannot read the latest version");
    return true;
}

/* false: the registry could not be asked. What is incompatible is counted. */
static bool check_one(registering *r, candidate *c, gl_err *err)
{
    gl_err why = {0}, unknown = {0};
    gl_buf reason = gl_buf_in(r->arena);
    bool compatible = true;
    if (gl_registry_find(r->client, c->subject, c->json, &c->id, &unknown)) {
        if (!r->request->do_register)
            say(r, c, "registered", "");
        return true;
    }
    if (unknown.action != GL_DEAD_LETTER) {
        *err = unknown;
        return false;
    }
    if (!fits(r, c, &why, err))
        return false;
    bool asked = gl_registry_check(r->client, c->subject, c->json, &compatible, &reason, &unknown);
    if (!asked && unknown.action != GL_DEAD_LETTER) {
        *err = unknown;
        return false;
    }
    gl_buf_byte(&reason, '\0');
    if (why.code != NULL || !compatible) {
        r->incompatible++;
        say(r, c, "incompatible", why.code != NULL ? why.message : (const char *)reason.data);
    } else if (!r->request->do_register) {
        say(r, c, asked ? "compatible" : "new", "");
    }
    return true;
}

static bool register_one(registering *r, candidate *c, gl_err *err)
{
    bool was_there = c->id != 0;
    if (r->request->level[0] != '\0' && !gl_registry_set_compatibility(r->client, c->subject, r->request->level, err))
        return gl_fail_context(err, "%s", c->subject);
    if (!was_there && !gl_registry_register(r->client, c->subject, c->json, &c->id, err))
        return gl_fail_context(err, "%s", c->subject);
    say(r, c, was_there ? "was registered" : "registered", "");
    return true;
}

static int run(registering *r, gl_err *err)
{
    if (!prepare(r, err))
        return gl_complain_err(GL_EXIT_USAGE, err);
    for (size_t i = 0; i < gl_topic_schema_count; i++)
        if (!check_one(r, &r->candidates[i], err))
            return gl_complain_err(GL_EXIT_UNAVAILABLE, err);
    if (r->incompatible > 0)
        return gl_complain(GL_EXIT_REFUSED, "%zu schema%s not compatible%s", r->incompatible,
                           r->incompatible == 1 ? " is" : "s are",
                           r->request->do_register ? "; nothing was registered" : "");
    for (size_t i = 0; r->request->do_register && i < gl_topic_schema_count; i++)
        if (!register_one(r, &r->candidates[i], err))
            return gl_complain_err(
                err->code != NULL && strcmp(err->code, "registry-refused") == 0 ? GL_EXIT_REFUSED : GL_EXIT_UNAVAILABLE,
                err);
    return GL_EXIT_OK;
}

int gl_schema_register(const gl_registry_conf *configured, const gl_schema_request *request)
{
    gl_err err = {0};
    gl_registry_conf patient = *configured; /* nobody's records wait for this */
    const gl_registry_conf *conf = &patient;
    if (patient.timeout_ms < PATIENCE_MS)
        patient.timeout_ms = PATIENCE_MS;
    registering r = {.request = request, .arena = gl_arena_new(1 << 16)};
    if (gl_registry_is_builtin(conf))
        gl_fail(&err, GL_FATAL, "registry-conf",
                "no registry is configured: set SCHEMA_REGISTRY_URL, or registry.url in the file of --config");
    else
        r.client = gl_registry_client_new(conf, &err);
    int code = r.client == NULL ? gl_complain_err(GL_EXIT_USAGE, &err) : run(&r, &err);
    gl_registry_client_destroy(r.client);
    gl_arena_destroy(r.arena);
    return code;
}
