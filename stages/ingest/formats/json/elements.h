/* The JSON messages of ours: one object, an array of them, {"<plural>": [...]}, or NDJSON (an object a line).
 *
 * The elements are cut out one by one (split.h) and parsed alone, so that a broken one does not touch the others. What
 * an element is (a declaration, an event) is its kind's matter. Pointers are RFC 6901 pointers into the whole message;
 * in NDJSON, into the line.
 */
#ifndef GL_INGEST_FORMATS_JSON_ELEMENTS_H
#define GL_INGEST_FORMATS_JSON_ELEMENTS_H

#include "ingest/formats/impl.h"
#include "io/json.h"

typedef struct gl_json_kind {
    const char *article, *what, *plural; /* "a", "declaration", "declarations": for messages and the wrapper */
    /* A list of elements in an object that says more about all of them: {"carrier": .., "houseBills": [..]}; NULL:
     * there is none. */
    const char *inner;
    /* One element, an object. Ends with gl_intake_finish or gl_intake_refuse. */
    void (*read)(gl_reader *reader, gl_intake *intake, const gl_json *tree, gl_str text);
} gl_json_kind;

/* Prepares `reader->state` and `next`; the reader's format, bytes, offset and position are set. `kind` is static. */
void gl_json_elements_open(gl_reader *reader, const gl_json_kind *kind);

/* What stands around the elements of such a list, the list itself left empty, or NULL. Its nodes are pointed to as any.
 */
const gl_json *gl_json_elements_around(const gl_reader *reader);

/* Reports wrong-type at `json`. `path`, `hint` may be NULL. */
void gl_json_wrong_type(gl_report *report, const gl_json *json, const gl_path *path, const char *expected,
                        const char *hint);

#endif
