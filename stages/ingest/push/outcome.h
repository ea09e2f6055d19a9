/* A record of gl.notifications as its receiver reads it: JSON of one line, the same in a stream and in a webhook.
 *
 * Always holds: an account sees its own only, an officer all; nothing of score, criteria or reasons of risk is in it,
 * and nothing of the rendered message, whose texts may name people (docs/PRIVACY.md). Thread: any. Locks: none.
 */
#ifndef GL_INGEST_PUSH_OUTCOME_H
#define GL_INGEST_PUSH_OUTCOME_H

#include "base/buf.h"
#include "gen/topics.h"
#include "ingest/conf.h"

typedef struct gl_outcome {
    gl_notification told;
    int32_t partition;
    int64_t offset;
} gl_outcome;

bool gl_outcome_is_for(const gl_outcome *outcome, const gl_account *account);
/* {"id":...,"mrn":...,"lrn":...,"declaration_id":...,"version":...,"message_name":...,"function_code":...,
 * "issued_at":...,"outcome":...}; what is not known is left out. An officer also reads the submitter. */
void gl_outcome_json(gl_buf *buf, const gl_outcome *outcome, bool officer);
/* A server-sent event; `id` is where the stream stands after it. */
void gl_outcome_event(gl_buf *buf, const gl_outcome *outcome, bool officer, gl_str id);

#endif
