/* The form of an entry summary declaration: everything that validation by the messages' schema would find, at once. */
#ifndef GL_INGEST_FORMATS_ENS_ENS_SCHEMA_H
#define GL_INGEST_FORMATS_ENS_ENS_SCHEMA_H

#include "ingest/formats/ens/ens_map.h"

/* Reports what is missing, unknown, out of order, too often or not of its form. Elements that hold what they must not
 * are marked (gl_xml.refused), so that nothing is read from them. */
void gl_ens_check_form(gl_report *report, gl_ens_message message, gl_xml *root);

#endif
