/* An XML document as a small tree in an arena (xml_walk.h says what is refused on the way).
 *
 * Always holds: size, depth and number of elements are limited. Thread: any; gl_xml_parse keeps nothing.
 */
#ifndef GL_INGEST_FORMATS_XML_XML_TREE_H
#define GL_INGEST_FORMATS_XML_XML_TREE_H

#include "base/arena.h"
#include "ingest/formats/xml/xml_walk.h"

enum { GL_XML_LIMIT_NODES = 65536, GL_XML_LIMIT_NAME_BYTES = 128 };

typedef struct gl_xml {
    gl_str name;                 /* local */
    gl_str uri;                  /* namespace, {NULL, 0}: none */
    gl_str text;                 /* its own character data, with its white space */
    struct gl_xml *parent;       /* NULL: the root */
    struct gl_xml *first, *last; /* elements inside it */
    struct gl_xml *next;         /* its sibling */
    struct gl_xml *attributes;   /* `parent` is the element */
    bool attribute;
    bool refused; /* a check of the form found that it is wrong: nothing is read from it */
    size_t text_capacity;
} gl_xml;

/* The root element, or NULL and `problem`: as gl_xml_walk_document, and too-large. */
gl_xml *gl_xml_parse(gl_arena *arena, gl_str bytes, gl_xml_problem *problem);
/* The first child of that name, or NULL. */
gl_xml *gl_xml_child(const gl_xml *node, const char *name);
/* The text of that child without white space around it, {NULL, 0} when there is none. */
gl_str gl_xml_child_text(const gl_xml *node, const char *name);
/* XPath 1.0 that names the node whatever prefixes are used: a step is *[local-name()='Declaration'], with a position
 * where siblings have the same name. */
gl_str gl_xml_path(gl_arena *arena, const gl_xml *node);

#endif
