/* An XML document as a small tree in an arena, by libxml2's SAX interface.
 *
 * Always holds: nothing is fetched, no DTD is read and no entity expanded: a document type declaration ends the reading
 * with an error before its contents are looked at; size, depth and number of elements are limited; text is UTF-8
 * whatever the document's encoding; comments and processing instructions are gone. Thread: any; gl_xml_parse keeps
 * nothing.
 */
#ifndef GL_INGEST_FORMATS_CDS_XML_TREE_H
#define GL_INGEST_FORMATS_CDS_XML_TREE_H

#include "base/arena.h"
#include "base/str.h"

enum { GL_XML_LIMIT_DEPTH = 32, GL_XML_LIMIT_NODES = 65536, GL_XML_LIMIT_NAME_BYTES = 128 };

typedef struct gl_xml {
    gl_str name;                 /* local */
    gl_str uri;                  /* namespace, {NULL, 0}: none */
    gl_str text;                 /* its own character data, with its white space */
    struct gl_xml *parent;       /* NULL: the root */
    struct gl_xml *first, *last; /* elements inside it */
    struct gl_xml *next;         /* its sibling */
    struct gl_xml *attributes;   /* `parent` is the element */
    bool attribute;
    size_t text_capacity;
} gl_xml;

typedef struct gl_xml_problem {
    const char *code; /* not-well-formed, encoding, dtd-refused, too-deep, too-large */
    char text[200];
    int line, column; /* from 1; 0: unknown */
} gl_xml_problem;

/* The root element, or NULL and `problem`. */
gl_xml *gl_xml_parse(gl_arena *arena, gl_str bytes, gl_xml_problem *problem);
/* The first child of that name, or NULL. */
gl_xml *gl_xml_child(const gl_xml *node, const char *name);
/* The text of that child without white space around it, {NULL, 0} when there is none. */
gl_str gl_xml_child_text(const gl_xml *node, const char *name);
/* XPath 1.0 that names the node whatever prefixes are used: a step is *[local-name()='Declaration'], with a position
 * where siblings have the same name. */
gl_str gl_xml_path(gl_arena *arena, const gl_xml *node);

#endif
