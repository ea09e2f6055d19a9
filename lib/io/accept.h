/* What form of an answer a client asks for: the Accept header (RFC 9110, 12.4 and 12.5.1).
 *
 * Always holds: a range that is not well-formed says nothing and costs no more than its bytes; without any well-formed
 * one everything is acceptable. Thread: any.
 */
#ifndef GL_IO_ACCEPT_H
#define GL_IO_ACCEPT_H

#include "base/str.h"

/* Index of the offer that is asked for; -1: none of them is acceptable. `offers`: media types in lower case, the
 * favourite first, NULL-terminated; of several that are equally welcome the first counts. `accept`: the header's value
 * ({NULL, 0}: there is none). Parameters other than q are not looked at: an offer has none. */
int gl_accept_choose(gl_str accept, const char *const *offers);

#endif
