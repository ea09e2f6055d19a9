/* What happens to each record of decide.
 *
 * Inputs are gl.declarations.assessed and gl.events, whose partitions go together. From the clearance's state:
 *
 * - assessed, and there is no state, only a technical hold (version 0), or an expired one: a
 *   decision on gl.decisions, its notification, its state, its digest in the audit block.
 * - assessed, and another declaration has the same MRN characters: the same with outcome REFUSED and the reason
 *   mrn-collision; the state has no view, since its place belongs to the other.
 * - assessed, same content digest: a duplicate. A notification with the first MRN and status, and the state with
 *   duplicate_count + 1. NO record on gl.decisions.
 * - assessed, other content: DMSREJ with lrn-reused. Neither state nor decision.
 * - assessed, cannot be decoded, or under another key than its own: dead letter, and a technical hold when it names its
 *   declaration: by its declaration section, or by its key alone (customs/failure.h). Of a clearance that is open such
 * a key says no more than that something could not be read: a notification; of a closed one nothing.
 * - event TECHNICAL_FAILURE without a state: a technical hold, which is a state of version 0 with outcome HELD, and its
 *   notification. NO record on gl.decisions.
 * - event TECHNICAL_FAILURE with a state, about the content that stands: nothing, the clearance has its answer. About
 *   another content (an amendment that failed): a notification, and the state remembers the content.
 * - amendment (function code 4, or 13), and there is a clearance: a decision of its own, cause AMENDMENT. On a closed
 *   clearance it keeps the outcome, with the reason amendment-after-release (or -refusal). Without a clearance, or on a
 *   technical hold, it is the declaration itself.
 * - an older version that comes after a newer one (redriven): superseded. A notification and the state with
 *   superseded_count + 1. NO record on gl.decisions.
 * - event of another type: one decision (events.c), also when it changes nothing, made from the sections that the state
 *   keeps; nothing when the clearance's last 64 events have its source and id. The key may know the MRN's 62 bits only.
 * - the same without a clearance: parked (park.c), and decided right after its declaration, in order of arrival; after
 *   decide.parking_deadline a dead letter event-orphaned. On a technical hold only what ends or holds (cancellation,
 *   an officer's refuse or hold, an unsatisfactory inspection) is decided at once, the rest is parked until the
 *   declaration itself is decided.
 * - what an inspection result or an officer's action says of items' codes (findings.h): a record on gl.findings for
 *   each item, with the event's decision.
 * - a hold's time limit passes: one decision, cause TIMER, which changes nothing but says overdue. So does that of a
 *   technical hold: its decision carries no more than is known, and the declaration itself is still awaited.
 *
 * Why a duplicate adds no decision: gl.decisions has each declaration's decisions with consecutive versions, and a
 * client that counts them must not count a parcel twice. The duplicate is on gl.clearances and gl.notifications.
 *
 * Why a technical hold adds none: gl.decisions carries all sections, and classification or assessment are what is
 * missing. Version 0 leaves decision.version 1 to the decision that follows when the record is redriven, or to an event
 * or its time limit before that. The event's details name mrn, functional_reference_id, submitter, content_digest
 * (hex), accepted_at (RFC 3339) and office, as far as the failing stage could read them.
 *
 * A closed clearance whose last decision is older than idempotency_window is expired: another declaration of its id is
 * a new one. Soon after it is removed from the state and its topic (expiry.c). A declaration that comes between the two
 * goes on counting versions; after it they begin at 1 again. An open one does not expire: a hold is not ended by
 * sending the declaration again.
 */
#ifndef DECIDE_PROCESS_H
#define DECIDE_PROCESS_H

#include "decide/policy.h"
#include "stage/stage.h"

/* Puts everything that the batch's records cause into `outbox`, in record order, and one audit block a partition.
 * Errors (GL_FATAL): state-io, a state of our own that cannot be decoded, seed-unknown. Thread: worker. */
bool gl_decide_process(const gl_decide_policy *policy, const gl_batch *batch, gl_outbox *outbox, gl_err *err);
/* Puts everything of these partitions that is due at batch->now_us (the batch has no records), 200 timers and
 * about 2,000 expired clearances at most: what is left is due at the next call. Errors: as gl_decide_process. Thread:
 * worker. */
bool gl_decide_timers(const gl_decide_policy *policy, const gl_batch *batch, const int32_t *partitions, size_t count,
                      gl_outbox *outbox, gl_err *err);

/* For a record of gl.declarations.assessed that the runtime dead-letters itself: its technical hold, as for one that
 * cannot be decoded. Errors and thread: as above. */
bool gl_decide_dead_lettered(const gl_decide_policy *policy, const gl_batch *batch, const gl_record *record,
                             const gl_err *why, gl_outbox *outbox, gl_err *err);

#endif
