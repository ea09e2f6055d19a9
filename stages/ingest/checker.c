/* See checker.h. */
#include "ingest/checker.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "ingest/ingest.h"

enum { POLL_MS = 1000, ANSWER_LIMIT_BYTES = 32 << 20 };

struct gl_checker {
    const gl_ingest *ingest;
    gl_job_queue *queue;
    pthread_t thread;
    bool stopping; /* atomic */
};

/* Appends one result after the other: what was read of a declaration is forgotten with the next. */
static void read_all(gl_reader *reader, gl_arena *arena, gl_buf *results, gl_job *job, size_t *valid, size_t *invalid)
{
    gl_intake intake;
    while (gl_reader_next(reader, arena, &intake)) {
        if (*valid + *invalid == GL_INGEST_LIMIT_DECLARATIONS) {
            gl_fail(&job->message_error, GL_DEAD_LETTER, "too-many-declarations",
                    "a message holds at most %d declarations: send it in parts", GL_INGEST_LIMIT_DECLARATIONS);
            return;
        }
        if (results->len > ANSWER_LIMIT_BYTES) {
            gl_fail(&job->message_error, GL_DEAD_LETTER, "output-too-large",
                    "what is wrong with it takes more than %d bytes to say: send it in parts", ANSWER_LIMIT_BYTES);
            return;
        }
        gl_buf_text(results, *valid + *invalid == 0 ? "" : ",\n");
        gl_verdict_json(results, &intake);
        *(intake.rejected ? invalid : valid) += 1;
        gl_arena_reset(arena);
    }
    if (*valid + *invalid == 0)
        gl_fail(&job->message_error, GL_DEAD_LETTER, "intake-empty", "the message holds no declarations");
}

static void check(const gl_checker *checker, gl_job *job)
{
    gl_arena *keep = gl_arena_new(0), *arena = gl_arena_new(0);
    gl_buf body = {0};
    size_t valid = 0, invalid = 0;
    const gl_tables *tables = gl_ingest_tables(checker->ingest);
    gl_job_open(job);
    job->message_error = job->unreadable;
    gl_reader *reader = job->unreadable.code != NULL ? NULL
                                                     : gl_message_reader(keep, tables->mappings, job->profile,
                                                                         job->message, 0, 0, &job->message_error);
    gl_buf_text(&body, "{\"results\":[");
    if (reader != NULL) {
        gl_reader_check(reader, tables->checks, gl_wall_us());
        read_all(reader, arena, &body, job, &valid, &invalid);
        gl_reader_close(reader);
    }
    gl_buf_printf(&body, "],\"valid\":%zu,\"invalid\":%zu}\n", valid, invalid);
    gl_service_answer_check(job, gl_buf_view(&body));
    gl_buf_free(&body);
    gl_arena_destroy(arena);
    gl_arena_destroy(keep);
}

static void *checker_main(void *context)
{
    gl_checker *checker = context;
    while (!__atomic_load_n(&checker->stopping, __ATOMIC_ACQUIRE)) {
        gl_job *job = gl_job_queue_take(checker->queue, gl_job_queue_wakes(checker->queue), POLL_MS);
        if (job != NULL)
            check(checker, job);
    }
    return NULL;
}

gl_checker *gl_checker_start(const gl_ingest *ingest)
{
    gl_checker *checker = calloc(1, sizeof *checker);
    if (checker == NULL)
        abort();
    checker->ingest = ingest;
    checker->queue = gl_job_queue_new();
    if (pthread_create(&checker->thread, NULL, checker_main, checker) != 0)
        abort();
    return checker;
}

bool gl_checker_put(gl_checker *checker, gl_job *job)
{
    return gl_job_queue_put(checker->queue, job);
}

void gl_checker_stop(gl_checker *checker)
{
    gl_err err;
    if (checker == NULL)
        return;
    gl_fail(&err, GL_RETRY, "stopping", "this instance is stopping; send it again");
    __atomic_store_n(&checker->stopping, true, __ATOMIC_RELEASE);
    gl_job_queue_close(checker->queue);
    pthread_join(checker->thread, NULL);
    for (gl_job *job; (job = gl_job_queue_take(checker->queue, 0, 0)) != NULL;)
        gl_service_settle(job, false, &err);
}

void gl_checker_destroy(gl_checker *checker)
{
    if (checker == NULL)
        return;
    gl_job_queue_destroy(checker->queue);
    free(checker);
}
