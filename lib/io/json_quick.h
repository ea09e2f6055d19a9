/* The quick way through well-formed JSON: what gl_json_parse tries first.
 *
 * It takes only what yajl takes too, and makes the same tree of it; whatever it is not sure about (a mistake, a limit,
 * an object with very many members) it leaves to yajl, which then says what is wrong. Always holds: NULL is no error,
 * only "not taken". Thread: any.
 */
#ifndef GL_IO_JSON_QUICK_H
#define GL_IO_JSON_QUICK_H

#include "io/json.h"

/* `source`: valid UTF-8 without byte order mark, of which `skipped` bytes were before it (offsets count them). */
gl_json *gl_json_quick(gl_arena *arena, gl_str source, size_t skipped, size_t limit_nodes);

/* The object that `source` begins with, whatever comes behind it; `*used`: its bytes, at most `limit_bytes`. Any bytes.
 * NULL: not taken; gl_json_parse of the object alone then says what is wrong, if anything is. */
gl_json *gl_json_quick_part(gl_arena *arena, gl_str source, size_t limit_bytes, size_t limit_nodes, size_t *used);

#endif
