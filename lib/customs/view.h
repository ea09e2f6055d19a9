/* The status view in Redis: the contract between decide, which writes it, and ingest, which reads it and adds early
 * entries.
 *
 * `gl:v:<stem>` holds "<version> <digest hex> <JSON>": version 0 is ingest's early entry ("accepted", not decided yet);
 * decide's count from 1 with every change of the clearance (technical hold, decision, duplicate), so the number is not
 * `decision.version`, which is in the JSON. The script applies a value only when its version is newer than the one
 * there. `gl:vm:<partition>` is the partition's marker: "<since, wall clock in ms>"; it is there only when every
 * decided clearance of the partition is in the view. A missing marker means that the view was lost (or never built): a
 * miss then proves nothing. `gl:vs:<partition>` is decide's own: what it last wrote there, to notice a server with
 * older content.
 *
 * `gl:r:<hash>` holds which declarations of an account have a reference (UCR, transport document): a sorted set of
 * stems by the time of acceptance. It is written with their entries, and may hold some whose entry is gone; of more
 * than 200,000 the oldest goes.
 *
 * The JSON is one object, its members in this order: mrn, declaration_id (32 hex digits), lrn, submitter, outcome
 * (OPEN, HELD, RELEASED, REFUSED), lane, version, office, references (at most 16; not of a technical hold, nor when
 * there is none: "UCR:...", or the type of a transport document and its id, "N740:157-12345675"), intended_outcome,
 * test, shadow, score_ppm (or null), reasons
 * [{code, id, text}] (at most 20, the latest decision's first), hold (or null: {reason, text, place, until, required
 * []}), timeline [{event, at}] (at most 33: the first 8 and the last ones) with the events accepted, technical-hold,
 * classified, assessed and decided, and of later decisions what caused them (amended, inspection-result,
 * officer-action, arrival, signal, document, cancellation, overdue; of an event with its code) and decided with version
 * and outcome, duplicates. An early entry has mrn, lrn, submitter, outcome, version, provisional (true; only when its
 * own duplicate check was pending), timeline.
 */
#ifndef GL_CUSTOMS_VIEW_H
#define GL_CUSTOMS_VIEW_H

#include "base/arena.h"
#include "base/str.h"
#include "io/json.h"
#include "io/kv.h"

/* KEYS[1] entry key, ARGV[1] version, ARGV[2] value "<version> <digest> <json>", ARGV[3] ttl in ms (0: it stays): 1
 * applied, 0 a newer one is there, or an equal one, which is left as it is but for its ttl. */
extern gl_kv_script gl_view_script;

/* KEYS[1] entry key, ARGV[1] the value as it was written: 1 deleted, 0 something else is there. */
extern gl_kv_script gl_view_forget_script;

/* KEYS[1] a reference's key, ARGV[1] milliseconds of acceptance, ARGV[2] the stem, ARGV[3] how long it must stay, ms.
 */
extern gl_kv_script gl_view_refer_script;
enum { GL_VIEW_REFERENCES = 16 };
/* `quoted`: the reference as it is in the JSON, with its quotes. */
gl_str gl_view_reference_key(gl_arena *arena, gl_str submitter, gl_str quoted);
/* The next of the view's references, quoted; {NULL, 0}: no more. `*at` begins with 0. */
gl_str gl_view_next_reference(gl_str json, size_t *at);

typedef struct gl_view_entry {
    int64_t version;
    gl_str digest_hex; /* 64 characters */
    gl_str json;
} gl_view_entry;

/* `stem`: the 12 characters. */
gl_str gl_view_key(gl_arena *arena, const char *stem);
gl_str gl_view_marker_key(gl_arena *arena, int32_t partition);
gl_str gl_view_value(gl_arena *arena, int64_t version, const uint8_t digest[32], gl_str json);
bool gl_view_parse(gl_str value, gl_view_entry *entry);
/* The JSON of a view; NULL: it is no object, or larger than any. */
const gl_json *gl_view_tree(gl_arena *arena, gl_str json);
/* Both at once, of a value as Redis has it; NULL: there is none ({NULL, 0}), or it is not one. */
const gl_json *gl_view_read(gl_arena *arena, gl_str value, gl_view_entry *entry);
/* A technical hold of which nothing but the id is known: neither its sender nor its content (a digest of zeros). Only
 * decide can tell whether something is its duplicate. */
bool gl_view_is_unreadable(const gl_view_entry *entry);

#endif
