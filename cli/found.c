/* See found.h. */
#include "cli/found.h"

#include "base/clock.h"
#include "cli/topic_reader.h"
#include "gen/topics.h"

static bool take(void *context, const gl_topic_record *record, gl_arena *arena, gl_err *err)
{
    gl_calibration *calibration = context;
    gl_finding_envelope envelope;

    if (record->value.ptr != NULL)
        return gl_finding_envelope_decode(&envelope, (const uint8_t *)record->value.ptr, record->value.len, arena,
                                          err) &&
               gl_calibration_put(calibration, record->key, &envelope.finding, err);
    gl_calibration_remove(calibration, record->key);
    return true;
}

bool gl_found_load(gl_calibration *calibration, const char *brokers, gl_err *err)
{
    if (!gl_topic_read_all(brokers, GL_FINDING_TOPIC, take, calibration, err))
        return false;
    gl_calibration_settle(calibration, gl_wall_us());
    gl_calibration_complete(calibration);
    return true;
}
