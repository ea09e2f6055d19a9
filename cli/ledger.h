/* The balance of a day, as an outside client can draw it up: what was accepted against what came of it.
 *
 * Fed with the records of the topics in this order: accepted, rejected, events, dead letters, decisions, clearances;
 * each in the order of its partitions. Then gl_ledger_close. Always holds: accepted = released + held + refused + open
 * + superseded + duplicate + missing for each submitter; it balances when nothing is missing and no other difference
 * was found. Memory: about 100 bytes a declaration and 64 an event. Thread: one.
 */
#ifndef GL_CLI_LEDGER_H
#define GL_CLI_LEDGER_H

#include "customs/ids.h"

typedef struct gl_ledger gl_ledger;

/* What does not balance. */
typedef enum gl_ledger_difference {
    GL_LEDGER_MISSING,     /* accepted, without decision or hold, while later ones of its partition are decided */
    GL_LEDGER_VERSIONS,    /* decision versions that are doubled, left out or out of order */
    GL_LEDGER_EXTRA,       /* more decisions for declarations than versions were accepted */
    GL_LEDGER_UNKNOWN,     /* decided, never accepted */
    GL_LEDGER_STATE,       /* the clearance's state disagrees with its last decision */
    GL_LEDGER_EVENT_LOST,  /* an event without decision, while later ones of its partition have theirs */
    GL_LEDGER_EVENT_TWICE, /* an event with several decisions */
    GL_LEDGER_DIFFERENCES
} gl_ledger_difference;
/* "missing", "versions" ..., and one sentence about it. */
const char *gl_ledger_difference_name(gl_ledger_difference difference);
const char *gl_ledger_difference_text(gl_ledger_difference difference);

typedef enum gl_ledger_outcome {
    GL_LEDGER_OPEN,
    GL_LEDGER_RELEASED,
    GL_LEDGER_HELD,
    GL_LEDGER_REFUSED,
    GL_LEDGER_OUTCOMES
} gl_ledger_outcome;

/* The top 62 bits of a declaration id: all that an MRN holds of it. */
uint64_t gl_ledger_key(const uint8_t id[GL_DECLARATION_ID_BYTES]);

/* `from_us` <= the day < `to_us`. `window_us`: idempotency window. `now_us`: when the reading
 * began. What was read is counted, also when its clock was ahead; a decision made later of a version that was not read
 * is no difference. */
gl_ledger *gl_ledger_new(int64_t from_us, int64_t to_us, int64_t window_us, int64_t now_us);
void gl_ledger_destroy(gl_ledger *ledger);

typedef struct gl_ledger_accepted {
    uint64_t key;
    gl_str submitter, mrn;
    int64_t accepted_us;
    int32_t partition;
    int64_t offset;
    uint64_t digest; /* of the content, the first 8 bytes */
    bool amends;
    bool redriven; /* sent again from the dead letters: it was counted when it came first */
} gl_ledger_accepted;
void gl_ledger_accept(gl_ledger *ledger, const gl_ledger_accepted *what);
void gl_ledger_reject(gl_ledger *ledger, gl_str submitter, int64_t rejected_us, bool event);

typedef struct gl_ledger_event {
    uint64_t key;
    gl_str event_id, source;
    int64_t received_us;
    int32_t partition;
    int64_t offset;
    bool redriven;
} gl_ledger_event;
void gl_ledger_event_in(gl_ledger *ledger, const gl_ledger_event *what);
/* An event that decide keeps until its declaration is there, or that went to the dead letters. */
void gl_ledger_event_parked(gl_ledger *ledger, uint64_t key, gl_str source, gl_str event_id);
void gl_ledger_event_dead(gl_ledger *ledger, uint64_t key, gl_str source, gl_str event_id);

typedef struct gl_ledger_decision {
    uint64_t key;
    int64_t decided_us, accepted_us; /* accepted_us: of its declaration */
    int32_t version;
    gl_ledger_outcome outcome;
    bool by_declaration;             /* caused by an acceptance or an amendment */
    gl_str event_source, event_id;   /* of the event that caused it, or empty */
    gl_str mrn, submitter;           /* of one that was never accepted */
    int64_t until_us;                /* deadline of its hold; 0: none */
    bool first_of_partition_is_gone; /* the topic no longer begins at its beginning: versions may begin anywhere */
} gl_ledger_decision;
void gl_ledger_decide(gl_ledger *ledger, const gl_ledger_decision *what);
/* The latest state of a key; `gone`: a tombstone. */
void gl_ledger_state(gl_ledger *ledger, uint64_t key, int64_t decided_us, int32_t version, gl_ledger_outcome outcome,
                     int64_t until_us, bool gone);
void gl_ledger_close(gl_ledger *ledger);

enum { GL_LEDGER_EXAMPLES = 10 };
typedef struct gl_ledger_example {
    gl_ledger_difference difference;
    char mrn[GL_MRN_CHARS + 1];
} gl_ledger_example;

/* One submitter's day; events under the account that sent them. */
typedef struct gl_ledger_line {
    gl_str submitter;
    int64_t accepted, outcomes[GL_LEDGER_OUTCOMES], superseded, duplicate, missing;
    int64_t rejected, rejected_events;
    int64_t events, events_decided, events_parked, events_dead, events_repeated, events_open;
    int64_t differences[GL_LEDGER_DIFFERENCES];
    gl_ledger_example examples[GL_LEDGER_EXAMPLES];
    size_t example_count;
} gl_ledger_line;
/* Sorted by name, after gl_ledger_close. */
const gl_ledger_line *gl_ledger_lines(const gl_ledger *ledger, size_t *count);
bool gl_ledger_balances(const gl_ledger *ledger);

typedef struct gl_ledger_overdue {
    char mrn[GL_MRN_CHARS + 1];
    gl_str submitter;
    bool held;        /* its hold's deadline has passed; else it has no decision */
    int64_t since_us; /* acceptance, or the deadline */
} gl_ledger_overdue;
/* Of any day: accepted more than `limit_us` ago and still without decision or hold; held beyond the deadline. false
 * from `each` ends it. */
void gl_ledger_overdues(const gl_ledger *ledger, int64_t limit_us,
                        bool (*each)(void *context, const gl_ledger_overdue *overdue), void *context);

#endif
