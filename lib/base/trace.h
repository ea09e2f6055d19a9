/* W3C trace context: is what came in a header fit to be carried on?
 *
 * Headers are from outside, and what is carried is copied to every record that follows from the first one: what is not
 * well-formed is dropped, as the standard demands, and never stored.
 * Thread: any. Locks: none.
 */
#ifndef GL_BASE_TRACE_H
#define GL_BASE_TRACE_H

#include "base/str.h"

enum { GL_TRACEPARENT_BYTES = 55, GL_TRACE_LIMIT_BYTES = 512 };

/* `text` when it is a traceparent (https://www.w3.org/TR/trace-context/ section 3.2): version, trace id, parent id and
 * flags in lower-case hexadecimal, ids not zero; of a version above 00 also a longer one, up to GL_TRACE_LIMIT_BYTES.
 * Else {NULL, 0}. */
gl_str gl_traceparent(gl_str text);
/* `text` when it may be carried as a tracestate (section 3.3): 1 to GL_TRACE_LIMIT_BYTES bytes, each printable ASCII or
 * a tab. Else {NULL, 0}. What is in it is the business of those who trace. */
gl_str gl_tracestate(gl_str text);

#endif
