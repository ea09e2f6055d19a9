/* See checker.h. */
#include "ingest/checker.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "ingest/answers.h"
#include "ingest/ingest.h"

enum { POLL_MS = 1000, ANSWER_LIMIT_BYTES = 32 << 20 };

struct gl_checker {
    const gl_ingest *ingest;
    gl_job_queue *queue;
    pthread_t thread;
    bool stopping; /* atomic */
};

/* Appends one result after the other: what was read of a declaration is forgotten with the next. */
static void read_all(gl_reader *reader, gl_arena *arena, gl_answer_writer *results, gl_job *job)
{
    gl_intake intake;
    while (gl_reader_next(reader, arena, &intake)) {
        if (results->accepted + results->rejected == GL_INGEST_LIMIT_DECLARATIONS) {
            gl_fail(&job->message_error, GL_DEAD_LETTER, "too-many-declarations",
                    "a message holds at most %d declarations: send it in parts", GL_INGEST_LIMIT_DECLARATIONS);
            return;
        }
        if (results->buf->len > ANSWER_LIMIT_BYTES) {
            gl_fail(&job->message_error, GL_DEAD_LETTER, "output-too-large",
                    "what is wrong with it takes more than %d bytes to say: send it in parts", ANSWER_LIMIT_BYTES);
            return;
        }
        gl_answer answer = gl_answer_of_intake(&intake);
        gl_answers_add(results, &answer);
        gl_arena_reset(arena);
    }
    if (results->accepted + results->rejected == 0)
        gl_fail(&job->message_error, GL_DEAD_LETTER, "intake-empty", "the message holds no declarations");
}

static void check(const gl_checker *checker, gl_job *job)
{
    gl_arena *keep = gl_arena_new(0), *arena = gl_arena_new(0);
    gl_buf body = {0};
    gl_answer_writer results = {.buf = &body,
                                .form = job->form,
                                .rejected_only = job->rejected_only,
                                .looked_at = true,
                                .account = job->account->name,
                                .now_us = gl_wall_us()};
    const gl_tables *tables = gl_ingest_tables(checker->ingest);
    gl_job_open(job);
    job->message_error = job->unreadable;
    gl_reader *reader = job->unreadable.code != NULL ? NULL
                                                     : gl_message_reader(keep, tables->mappings, job->profile,
                                                                         job->message, 0, 0, &job->message_error);
    results.single = reader != NULL && job->message->part_count == 1; /* then XML is one document */
    gl_answers_begin(&results);
    if (reader != NULL) {
        gl_reader_check(reader, tables->checks, results.now_us);
        read_all(reader, arena, &results, job);
        gl_reader_close(reader);
    }
    gl_answers_end(&results);
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
