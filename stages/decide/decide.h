/* The decide stage: one decision for each accepted declaration, and the authority on duplicates.
 *
 * Inputs: gl.declarations.assessed and gl.events (their partitions go together). For each record, in order, from the
 * clearance's state:
 *
 * | record | state | what comes out |
 * |---|---|---|
 * | assessed | none, or a technical hold (version 0), or older than idempotency_window | a decision on gl.decisions,
 * its notification, state, audit | | assessed | another declaration with the same MRN characters | the same, outcome
 * REFUSED, reason mrn-collision; its state has no view | | assessed | same content digest | a duplicate: a notification
 * with the first MRN and status, state with duplicate_count + 1; NO record on gl.decisions | | assessed | other content
 * | DMSREJ with lrn-reused; neither state nor decision | | assessed | cannot be decoded | dead letter; when its
 * declaration section is readable, a technical hold as well | | event TECHNICAL_FAILURE | none | a technical hold:
 * state of version 0 with outcome HELD, and its notification; NO record on gl.decisions | | event TECHNICAL_FAILURE |
 * there | nothing: the clearance has an answer already (a repeated event, or a duplicate's record) | | event, other
 * types | any | dead letter event-unsupported |
 *
 * Why a duplicate adds no decision: gl.decisions has each declaration's decisions with consecutive versions, and a
 * client that counts them must not count a parcel twice. The duplicate is on gl.clearances (duplicate_count) and
 * gl.notifications. Why a technical hold adds none: gl.decisions carries all sections, and classification or assessment
 * are what is missing. Version 0 leaves decision.version 1 to the decision that follows when the record is redriven.
 * The event's details name mrn, functional_reference_id, submitter, content_digest (hex), accepted_at (RFC 3339) and
 * office, as far as the failing stage could read them. After idempotency_window the version goes on counting from the
 * old state, so that versions stay consecutive for a declaration id.
 */
#ifndef DECIDE_DECIDE_H
#define DECIDE_DECIDE_H

#include "stage/stage.h"

enum { GL_DECIDE_IN_ASSESSED, GL_DECIDE_IN_EVENTS };
enum { GL_DECIDE_OUT_DECISIONS, GL_DECIDE_OUT_NOTIFICATIONS, GL_DECIDE_OUT_AUDIT };

extern const gl_stage_def gl_decide_stage;

#endif
