/* Where a JSON value ends, without reading it: so that one broken or oversized declaration of a message does not touch
 * the others, and a message of any length costs the memory of one declaration.
 * Always holds: only brackets outside strings count; nothing is allocated.
 */
#ifndef GL_INGEST_FORMATS_JSON_SPLIT_H
#define GL_INGEST_FORMATS_JSON_SPLIT_H

#include "base/str.h"

/* The first offset at or after `at` that is no white space, bytes.len when there is none. */
size_t gl_json_space(gl_str bytes, size_t at);
/* `*at` stands on a value; afterwards just behind it. false: the message ends first (`*at` is bytes.len). */
bool gl_json_split(gl_str bytes, size_t *at);

#endif
