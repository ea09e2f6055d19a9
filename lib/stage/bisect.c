/* Isolating what cannot be processed: halves a batch that fails as a whole until single records are left.
 *
 * Always holds: records are processed in their order; what a failed attempt put and wrote is taken back before the
 * next.
 */
#include "stage/internal.h"

static bool run(gl_process_call *call, const gl_batch *batch, gl_outbox *outbox, gl_err *err)
{
    gl_outbox_savepoint savepoint = gl_outbox_save(outbox);
    *err = (gl_err){0};
    if (call->process(call->stage, call->worker, batch, outbox, err) && gl_outbox_check(outbox, err))
        return true;
    if (err->action == GL_NONE)
        gl_fail(err, GL_FATAL, "stage-error", "process failed without saying why");
    gl_outbox_rollback(outbox, savepoint);
    return false;
}

static void dead_letter(gl_process_call *call, const gl_batch *batch, const gl_record *record, const gl_err *why,
                        gl_outbox *outbox)
{
#if GL_MUTANT != 4 /* a dead letter is dropped */
    gl_outbox_dead_letter(outbox, record, why);
#endif
    if (call->dead_lettered != NULL && GL_MUTANT != 11) /* 11: nobody is told of it */
        call->dead_lettered(call->stage, call->worker, batch, record, why, outbox);
}

static gl_batch part_of(const gl_batch *batch, size_t from, size_t count)
{
    gl_batch part = *batch;
    part.records = batch->records + from;
    part.count = count;
    return part;
}

/* Depth: log2 of the records in a batch. */
static bool bisect(gl_process_call *call, const gl_batch *batch, gl_outbox *outbox, gl_err *err)
{
    if (batch->count == 0 || run(call, batch, outbox, err))
        return true;
    if (err->action != GL_DEAD_LETTER)
        return false;
    if (batch->count == 1) {
        gl_err why = *err;
        dead_letter(call, batch, batch->records, &why, outbox);
        return true;
    }
    call->splits++;
    size_t half = batch->count / 2;
    gl_batch first = part_of(batch, 0, half), second = part_of(batch, half, batch->count - half);
    return bisect(call, &first, outbox, err) && bisect(call, &second, outbox, err);
}

bool gl_process_bisect(gl_process_call *call, const gl_batch *batch, gl_err *const *poison, gl_outbox *outbox,
                       gl_err *err)
{
    gl_outbox_savepoint savepoint = gl_outbox_save(outbox);
    size_t from = 0;
    bool good = true;
    for (size_t i = 0; good && i <= batch->count; i++) {
        bool poisoned = i < batch->count && poison != NULL && poison[i] != NULL;
        if (i < batch->count && !poisoned)
            continue;
        gl_batch part = part_of(batch, from, i - from);
        good = bisect(call, &part, outbox, err);
        if (good && poisoned)
            dead_letter(call, batch, &batch->records[i], poison[i], outbox);
        from = i + 1;
    }
    if (!good)
        gl_outbox_rollback(outbox, savepoint);
    return good;
}
