/* An event as ingest takes it, made of what the command line gave. */
#ifndef GL_CLI_EVENT_JSON_H
#define GL_CLI_EVENT_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "cli/command.h"

typedef struct gl_event_words {
    const char *event_id, *occurred_at;         /* required */
    const char *mrn, *lrn, *family, *submitter; /* "": not given; family as `submit` and `status` write it: import */
    const char *type, *code, *actor, *text;     /* type in any case, with - or _ */
    const char *description, *commodity_code;   /* of a ruling; NULL or "": not given */
    const gl_option_list *details;              /* "name=value" */
} gl_event_words;

/* Appends the JSON object. false: a detail without "="; error usage. */
bool gl_event_json_of(gl_buf *buf, const gl_event_words *words, gl_err *err);

#endif
