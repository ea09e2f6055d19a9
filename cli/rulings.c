/* See rulings.h. */
#include "cli/rulings.h"

#include "base/clock.h"
#include "cli/topic_reader.h"
#include "gen/topics.h"

static bool take(void *context, const gl_topic_record *record, gl_arena *arena, gl_err *err)
{
    gl_precedents *precedents = context;
    gl_precedent_envelope envelope;

    if (record->value.ptr != NULL)
        return gl_precedent_envelope_decode(&envelope, (const uint8_t *)record->value.ptr, record->value.len, arena,
                                            err) &&
               gl_precedents_put(precedents, &envelope.precedent, err);
    gl_precedents_remove(precedents, record->key);
    return true;
}

bool gl_rulings_load(gl_precedents *precedents, const char *brokers, gl_err *err)
{
    if (!gl_topic_read_all(brokers, GL_PRECEDENT_TOPIC, take, precedents, err))
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
