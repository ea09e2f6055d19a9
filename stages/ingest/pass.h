/* One pass over a batch of messages: what process.c (declarations) and events.c share. Thread: worker. */
#ifndef GL_INGEST_PASS_H
#define GL_INGEST_PASS_H

#include "customs/ids.h"
#include "customs/view.h"
#include "ingest/ingest.h"

/* One declaration or event of the batch. */
typedef struct gl_entry {
    gl_job *job;
    const gl_record *record;
    gl_intake *intake;
    gl_answer *answer;
    gl_declaration_id id; /* of an event by MRN: known after the look-up, see gl_event_settle */
    int32_t partition;
    char stem[GL_MRN_STEM_CHARS + 1];
    int64_t accepted_us;
    size_t lookup; /* index of its key, SIZE_MAX: none */
    struct gl_entry *same_slot;
} gl_entry;

typedef struct gl_pass {
    gl_ingest *ingest;
    gl_ingest_worker *worker;
    const gl_batch *batch;
    gl_outbox *outbox;
    gl_arena *arena;
    gl_entry *entries;
    size_t count, capacity;
    gl_entry **slots; /* by id, within the batch */
    size_t slot_mask;
    gl_str *values; /* of the look-ups, by gl_entry.lookup; NULL: the look-up failed */
    bool *complete; /* by partition: a miss means that there is nothing to show; NULL: the look-up failed */
    bool *sure;     /* by partition: a miss means that the LRN was not used */
} gl_pass;

/* The view's entry of what `e` is about, when there is one. */
bool gl_pass_view(const gl_pass *pass, const gl_entry *e, gl_view_entry *view);
/* Does a miss in `partition` mean that there is nothing to show? */
bool gl_pass_complete(const gl_pass *pass, int32_t partition);
/* Refuses an entry whose intake holds its errors: its record, and its answer. */
void gl_pass_reject(gl_pass *pass, gl_entry *e);
/* Refuses it for one reason; code, text and what else is known are filled. */
void gl_pass_reject_for(gl_pass *pass, gl_entry *e, gl_rejection_validation_error *error);

/* events.c. Where an event belongs, before the look-up: id or stem, and partition. */
void gl_event_identify(gl_pass *pass, gl_entry *e);
/* After it: to gl.events, or refused. */
void gl_event_settle(gl_pass *pass, gl_entry *e);
/* Refuses it for one reason; `hint` may be NULL. The texts must live as long as the batch. */
void gl_event_refuse(gl_pass *pass, gl_entry *e, const char *code, const char *field, const char *text,
                     const char *hint);

/* rulings.c. An event that is a ruling on a description: to gl.precedents, or refused. */
void gl_ruling_settle(gl_pass *pass, gl_entry *e);

#endif
