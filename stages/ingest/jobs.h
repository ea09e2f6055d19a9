/* Jobs: messages on their way from a sender (an HTTP request, a watched file, a topic) to a worker and back.
 *
 * A job is owned by the queue, then by the worker's batch, then by its sender again (settle). HTTP threads put, workers
 * take. Always holds: a job is answered exactly once; the queue takes nothing after it is closed. Thread: any. Locks:
 * one inside the queue.
 */
#ifndef GL_INGEST_JOBS_H
#define GL_INGEST_JOBS_H

#include "ingest/conf.h"
#include "ingest/formats/pack/message.h"

typedef struct gl_watched_file gl_watched_file;
struct gl_topic_record; /* topics.h */

/* How answers are written, in the order of `answers` of an account. */
typedef enum gl_answer_form { GL_ANSWER_JSON, GL_ANSWER_XML, GL_ANSWER_CSV, GL_ANSWER_EDIFACT } gl_answer_form;

/* Of entry summary declarations in ICS messages, which have answers of their own. */
typedef enum gl_ics { GL_ICS_NONE, GL_ICS_315, GL_ICS_313 } gl_ics;

/* The answer to one declaration or event. */
typedef struct gl_answer {
    int64_t position;
    gl_str lrn, mrn; /* empty: not known */
    gl_str event_id; /* of an event, else empty */
    bool taken;      /* accepted, or a duplicate of what was; else rejected */
    bool looked_at;  /* only validated: `taken` says that it is valid */
    bool amendment;
    bool duplicate;
    bool duplicate_pending;
    gl_str first_status; /* of a duplicate: its outcome so far, or empty */
    int64_t accepted_us; /* 0: not now, or not known */
    const gl_rejection_validation_error *errors;
    size_t error_count;
    gl_columns columns; /* of the table that the errors point into */
    gl_ics ics;
    gl_str sender, message_id;              /* of an ICS message: whose it is, its identification; or empty */
    const struct gl_edi_envelope *envelope; /* of an EDIFACT message, else NULL */
} gl_answer;

typedef struct gl_job {
    struct gl_job *next;
    const gl_account *account; /* NULL: of a topic's record that names none that is configured */
    gl_format format;          /* as its sender or its first bytes say */
    bool gzip;                 /* its sender says that it is packed */
    bool events;               /* it holds events, not declarations */
    gl_str profile;
    gl_str bytes;           /* as it came */
    size_t limit_bytes;     /* of what it unpacks to */
    bool opened;            /* `message` is what is in it, or `unreadable` says why it is not */
    gl_message own_message; /* of what is no file */
    const gl_message *message;
    gl_err unreadable;
    int64_t received_us;
    int64_t first_position;   /* of its first declaration: a part of a larger message says where it stands, 0: from 1 */
    gl_http_request *request; /* an HTTP job */
    gl_answer_form form;      /* of the answers */
    const char *answer_type;  /* HTTP: their Content-Type, NULL: application/json */
    bool rejected_only;       /* accepted ones are not listed */
    gl_watched_file *file;    /* a file's chunk */
    struct gl_topic_record *topic; /* a record of an intake topic */
    /* Filled by process (again at each attempt), in the batch's arena. */
    gl_answer *answers;
    size_t answer_count;
    gl_err message_error; /* about the whole message, code NULL: none */
    size_t next_offset;   /* file: where the next chunk begins */
    int64_t next_position;
    char batch[33];   /* id of its batch in hex; "": it has none */
    bool finished;    /* file: nothing is left */
    bool answer_only; /* file: it was committed by an earlier run; only its answers are made again */
    bool dead_lettered;
} gl_job;

/* Unpacks the message, once until it is closed. Thread: whose the job is. */
void gl_job_open(gl_job *job);
/* Frees what it unpacked to. Nothing may point into that any more. */
void gl_job_close(gl_job *job);

typedef struct gl_job_queue gl_job_queue;

gl_job_queue *gl_job_queue_new(void);
/* It must be empty. */
void gl_job_queue_destroy(gl_job_queue *queue);
/* Takes the job; false when closed (the job stays the caller's). */
bool gl_job_queue_put(gl_job_queue *queue, gl_job *job);
/* The next job, waiting at most `timeout_ms` (0: not at all); NULL when there is none, or when gl_job_queue_wake was
 * called since `wakes` was read. */
gl_job *gl_job_queue_take(gl_job_queue *queue, unsigned wakes, int timeout_ms);
/* Makes those who wait return NULL: something else is there to do. */
void gl_job_queue_wake(gl_job_queue *queue);
/* How often that was said: read before looking for something else to do, so that none is missed. */
unsigned gl_job_queue_wakes(gl_job_queue *queue);
/* Refuses further jobs and wakes those who wait; what is queued can still be taken. */
void gl_job_queue_close(gl_job_queue *queue);

#endif
