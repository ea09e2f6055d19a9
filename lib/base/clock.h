/* Time: the wall clock for records, the monotonic one for waiting. */
#ifndef GL_BASE_CLOCK_H
#define GL_BASE_CLOCK_H

#include "base/str.h"

/* Microseconds since 1970-01-01T00:00:00Z. */
int64_t gl_wall_us(void);
/* Microseconds of CLOCK_MONOTONIC. */
int64_t gl_mono_us(void);
/* CPU time of this thread, microseconds. */
int64_t gl_thread_cpu_us(void);
/* Returns earlier when a signal comes. */
void gl_sleep_ms(int ms);

enum { GL_TIME_TEXT_BYTES = 32 };
/* "2026-11-24T06:35:01.123456Z" into `text`; returns the slice. */
gl_str gl_time_format(int64_t wall_us, char text[GL_TIME_TEXT_BYTES]);
/* RFC 3339 instants ("2026-11-24T06:35:01Z", fractions and offsets allowed). */
bool gl_time_parse(gl_str text, int64_t *wall_us);
/* "2026-11-24" to days since 1970-01-01 (Avro date), proleptic Gregorian; refuses dates that do not exist. */
bool gl_date_parse(gl_str text, int32_t *days);
/* Days since 1970-01-01 to year, month (1-12), day (1-31), and back. */
void gl_date_civil(int32_t days, int *year, int *month, int *day);
int32_t gl_date_days(int year, int month, int day);

#endif
