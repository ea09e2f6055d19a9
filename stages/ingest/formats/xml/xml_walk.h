/* XML from outside, element by element, by libxml2's SAX interface.
 *
 * Always holds: nothing is fetched, no DTD is read and no entity expanded: a document type declaration ends the reading
 * with an error before its contents are looked at; depth is limited; text is UTF-8 whatever the document's encoding;
 * comments and processing instructions are gone. Thread: any; gl_xml_walk keeps nothing.
 */
#ifndef GL_INGEST_FORMATS_XML_XML_WALK_H
#define GL_INGEST_FORMATS_XML_XML_WALK_H

#include "base/str.h"

enum { GL_XML_LIMIT_DEPTH = 32 };

typedef struct gl_xml_problem {
    const char *code; /* not-well-formed, encoding, dtd-refused, too-deep; what gl_xml_stop was given */
    char text[200];
    int line, column; /* from 1; 0: unknown */
} gl_xml_problem;

typedef struct gl_xml_walk gl_xml_walk;

/* Valid during the call that it is given to. Names are local. */
typedef struct gl_xml_tag {
    gl_str name;
    gl_str uri; /* namespace, {NULL, 0}: none */
    size_t attribute_count;
    const unsigned char **attributes; /* libxml2's: five pointers each */
} gl_xml_tag;

typedef struct gl_xml_handler {
    void (*start)(gl_xml_walk *walk, void *context, const gl_xml_tag *tag);
    void (*end)(gl_xml_walk *walk, void *context);
    void (*text)(gl_xml_walk *walk, void *context, gl_str text); /* a piece of character data, not empty */
} gl_xml_handler;

/* false: `problem` says why it ended early. */
bool gl_xml_walk_document(gl_str bytes, const gl_xml_handler *handler, void *context, gl_xml_problem *problem);
/* The same of a document that comes in pieces: begin, feed while it returns true, end. `problem` outlives it. */
gl_xml_walk *gl_xml_walk_begin(const gl_xml_handler *handler, void *context, gl_xml_problem *problem);
bool gl_xml_walk_feed(gl_xml_walk *walk, gl_str piece);
/* Frees the walk. false: `problem` says why. */
bool gl_xml_walk_end(gl_xml_walk *walk);
/* Ends the walk with an error; the first one counts, and the handler is not called again. */
void gl_xml_stop(gl_xml_walk *walk, const char *code, const char *text);
/* The attribute at `index`, its value as text; `uri` may be NULL. */
gl_str gl_xml_attribute_at(const gl_xml_tag *tag, size_t index, gl_str *name, gl_str *uri);
/* The value of the attribute of that local name, {NULL, 0} when there is none. */
gl_str gl_xml_attribute(const gl_xml_tag *tag, const char *name);

#endif
