/* XML messages: one document is one declaration, and its root element says whose it is.
 *
 * A form of XML is a row of the table in xml_document.c. Thread: any; a reader belongs to one.
 */
#ifndef GL_INGEST_FORMATS_XML_XML_DOCUMENT_H
#define GL_INGEST_FORMATS_XML_XML_DOCUMENT_H

#include "ingest/formats/impl.h"
#include "ingest/formats/xml/xml_tree.h"

/* Points into a document by XPath; the value is the text of an element without elements inside, or of an attribute. */
extern const gl_locator gl_xml_locator;

/* Reads a document whose root is theirs into the intake, and finishes or refuses it; reader->report has begun, its root
 * is `root`. */
typedef void gl_xml_read(gl_reader *reader, gl_intake *intake, const gl_xml *root);

/* Of each form. */
gl_xml_read gl_cds_read_document, gl_ens_read_document, gl_ens_read_envelope;

#endif
