/* The rulings of gl.precedents in memory: which one stands for a text (docs/CLASSIFY.md, "Precedents").
 *
 * Always holds: what stands depends on the rulings that were put, not on their order; a ruling that was handed out is
 * valid as long as the table, also when another stands by now (about 0.5 KiB each, given back at the end). Thread: one
 * puts, removes and clears (the feed, or a test); any number look up meanwhile. Locks: none, pointers are published.
 */
#ifndef GL_CLASSIFY_PRECEDENTS_H
#define GL_CLASSIFY_PRECEDENTS_H

#include "base/err.h"
#include "classify/model.h"
#include "customs/precedent.h"

/* Confidence (ppm) of a code that was ruled; the model's candidates share what is left. */
enum { GL_PRECEDENT_PPM = 990000 };

typedef struct gl_precedents gl_precedents;

/* Until gl_precedents_complete is told, or `wait_ms` have passed, it is not known whether a text has a ruling. */
gl_precedents *gl_precedents_new(int64_t wait_ms);
void gl_precedents_destroy(gl_precedents *precedents);

/* ---- Thread: the one that puts ---- */

/* One record's value, decoded; it is copied. False: its words or its code are none (GL_DEAD_LETTER,
 * precedent-invalid). */
bool gl_precedents_put(gl_precedents *precedents, const gl_precedent *precedent, gl_err *err);
/* The record with this key was erased. */
void gl_precedents_remove(gl_precedents *precedents, gl_str key);
/* The topic was made anew. */
void gl_precedents_clear(gl_precedents *precedents);
/* The topic was read to its end. */
void gl_precedents_complete(gl_precedents *precedents);

/* ---- Thread: any ---- */

/* What stands for a normalised text; NULL: nothing, or a revocation. */
const gl_precedent *gl_precedents_find(const gl_precedents *precedents, gl_str normal);
/* Texts with a ruling that stands. */
size_t gl_precedents_count(const gl_precedents *precedents);
bool gl_precedents_is_complete(const gl_precedents *precedents);
/* Complete, or waited for long enough: then answers are given without. */
bool gl_precedents_may_answer(const gl_precedents *precedents);
/* Calls `each` with every ruling that stands, in no order. */
void gl_precedents_each(const gl_precedents *precedents, void (*each)(void *context, const gl_precedent *precedent),
                        void *context);

/* {"code", "made_at", "account", "event_id"}; `whole`: also actor, reason and description. */
void gl_precedent_tell(gl_buf *buf, const gl_precedent *precedent, bool whole);

/* Puts the ruled code before what the model says: the others keep their order and share the rest. `list` may be NULL.
 * `declared`: the code whose confidence is asked for, or empty. */
void gl_precedent_lead(const gl_precedent *precedent, gl_str declared, gl_hs_result *result, gl_hs_list *list);

#endif
