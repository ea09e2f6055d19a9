/* See rulings.h. */
#include "cli/rulings.h"

#include "base/clock.h"
#include "cli/topic_reader.h"
#include "gen/topics.h"

enum { PATIENCE_MS = 10000 };

static bool take(gl_precedents *precedents, const gl_topic_record *record, gl_arena *arena, gl_err *err)
{
    gl_precedent_envelope envelope;

    if (record->value.ptr == NULL) {
        gl_precedents_remove(precedents, record->key);
        return true;
    }
    gl_arena_reset(arena);
    return (gl_precedent_envelope_decode(&envelope, (const uint8_t *)record->value.ptr, record->value.len, arena,
                                         err) &&
            gl_precedents_put(precedents, &envelope.precedent, err)) ||
           gl_fail_context(err, "%s offset %lld", GL_PRECEDENT_TOPIC, (long long)record->offset);
}

bool gl_rulings_load(gl_precedents *precedents, const char *brokers, gl_err *err)
{
    gl_topic_record record;
    gl_topic_reader *reader = gl_topic_reader_open(brokers, GL_PRECEDENT_TOPIC, 0, false, err);
    if (reader == NULL)
        return false;
    gl_arena *arena = gl_arena_new(0);
    bool good = true;
    while (good && gl_topic_reader_next(reader, PATIENCE_MS, &record, err))
        good = take(precedents, &record, arena, err);
    gl_arena_destroy(arena);
    gl_topic_reader_close(reader);
    if (!good || err->code != NULL)
        return false;
    gl_precedents_complete(precedents);
    return true;
}

void gl_ruling_show(gl_buf *out, const gl_precedent *precedent, const char *indent)
{
    char at[GL_TIME_TEXT_BYTES];

    gl_buf_printf(out, "%sruled %.*s: %.*s\n", indent, GL_STR_ARG(precedent->code), GL_STR_ARG(precedent->description));
    gl_buf_printf(out, "%s  by %.*s of %.*s, %.*s, event %.*s\n", indent, GL_STR_ARG(precedent->actor),
                  GL_STR_ARG(precedent->account), GL_STR_ARG(gl_time_format(precedent->made_at, at)),
                  GL_STR_ARG(precedent->event_id));
    gl_buf_printf(out, "%s  because: %.*s\n", indent, GL_STR_ARG(precedent->reason));
}
