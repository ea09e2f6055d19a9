/* Events on their way to ingest: parts of a message one after the other, so that events stay in order, and what became
 * of each. The answer is known after the commit; what was sent twice because an answer was lost has no second effect,
 * since an event has its id.
 */
#ifndef GL_CLI_EVENT_SEND_H
#define GL_CLI_EVENT_SEND_H

#include "cli/client.h"
#include "cli/command.h"

typedef struct gl_event_sending {
    gl_client *client;
    int64_t patience_ms;
    bool json, quiet; /* quiet: many events, only what was refused is shown */
    int64_t accepted, rejected, sent;
    gl_progress progress;
} gl_event_sending;

/* One message. false: it was refused as a whole, or nobody answers; said already, `*code` is the exit code. */
bool gl_event_send_part(gl_event_sending *s, const char *content_type, gl_str body, int *code);
/* Events a line, in parts. The same. */
bool gl_event_send_lines(gl_event_sending *s, gl_str lines, int *code);
/* A new id: nothing else makes the same. false: there are no random bytes; said already. */
bool gl_event_make_id(char id[64]);

#endif
