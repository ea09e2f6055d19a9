/* Places of a declaration in the words of WCO responses: classes and elements by their numbers in the WCO Data Model
 * (Declaration is 42A, its FunctionalReferenceID D026).
 *
 * Made of the pointer and the field of an error: an XPath gives every class on the way, which one of several, and the
 * element; other pointers give the declaration, and the item where they name one. What the WCO has no number for is
 * left out. Always holds: the first is the declaration. Thread: any.
 */
#ifndef GL_INGEST_FORMATS_CDS_WCO_IDS_H
#define GL_INGEST_FORMATS_CDS_WCO_IDS_H

#include "customs/response.h"

enum { GL_WCO_POINTERS = 16 };

/* How many of `pointers` were filled. `field`: the canonical field ("items.net_mass"), or empty. */
size_t gl_wco_pointers(gl_str pointer, gl_str field, gl_response_pointer pointers[GL_WCO_POINTERS]);

#endif
