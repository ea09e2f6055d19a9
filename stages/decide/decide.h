/* The decide stage: one decision for each accepted declaration, and the authority on duplicates.
 *
 * process.h says what comes out of each record. Metrics, views and the policy's reload are here.
 */
#ifndef DECIDE_DECIDE_H
#define DECIDE_DECIDE_H

#include "stage/stage.h"

enum { GL_DECIDE_IN_ASSESSED, GL_DECIDE_IN_EVENTS };
enum { GL_DECIDE_OUT_DECISIONS, GL_DECIDE_OUT_NOTIFICATIONS, GL_DECIDE_OUT_AUDIT, GL_DECIDE_OUT_FINDINGS };

/* What gl_outbox_note says of a decision: degraded, and how many findings of its event made no record. */
enum { GL_DECIDE_NOTE_DEGRADED = 1, GL_DECIDE_NOTE_UNUSED = 2 };

extern const gl_stage_def gl_decide_stage;
extern const gl_str gl_decide_dictionary; /* clearances.dict, for zstd: made by training/decide */

#endif
