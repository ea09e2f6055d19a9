/* Events on their way to ingest: parts of a message one after the other, so that events stay in order, and what became
 * of each. The answer is known after the commit; what was sent twice because an answer was lost has no second effect,
 * since an event has its id.
 */
#ifndef GL_CLI_EVENT_SEND_H
#define GL_CLI_EVENT_SEND_H

#include "base/clock.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/event_json.h"

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

/* What gl_event_complete gives an event that has none. */
typedef struct gl_event_stamp {
    char id[64], at[GL_TIME_TEXT_BYTES + 1];
} gl_event_stamp;
/* An event without an id or a time (texts that are empty) gets a new one that nothing else makes, and now; they stay in
 * `stamp`. false: there are no random bytes; said already. */
bool gl_event_complete(gl_event_words *words, gl_event_stamp *stamp);

#endif
