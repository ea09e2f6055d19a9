/* XML messages: one document is one declaration, and its root element says whose it is.
 *
 * A form of XML is a row of the table in xml_document.c. Thread: any; a reader belongs to one.
 */
#ifndef GL_INGEST_FORMATS_XML_XML_DOCUMENT_H
#define GL_INGEST_FORMATS_XML_XML_DOCUMENT_H

#include "ingest/formats/impl.h"
#include "ingest/formats/xml/xml_tree.h"

/* Of a document: its names are most of it, the record that is made of it has the limit of all records. */
enum { GL_XML_LIMIT_BYTES = 2 * 1024 * 1024 };

/* Points into a document by XPath; the value is the text of an element without elements inside, or of an attribute. */
extern const gl_locator gl_xml_locator;

/* Reads a document whose root is theirs into the intake, and finishes or refuses it; reader->report has begun, its root
 * is `root`. */
typedef void gl_xml_read(gl_reader *reader, gl_intake *intake, const gl_xml *root);

/* Of each form. */
gl_xml_read gl_cds_read_document, gl_ens_read_document, gl_ens_read_envelope, gl_sad_read_document;

#endif
