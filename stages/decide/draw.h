/* The keyed draw: which share of a criterion's hits, and which share at random, is selected.
 *
 * Always holds: the value depends on the key, the declaration id and the criterion id only. An auditor who has the key
 * of the seed epoch can repeat every draw; a trader who does not cannot foresee one.
 */
#ifndef DECIDE_DRAW_H
#define DECIDE_DRAW_H

#include "customs/hmac.h"

enum { GL_PPM = 1000000 };

/* The first 8 bytes, big endian, of HMAC(key, declaration id followed by the criterion id). */
uint64_t gl_draw_value(const gl_hmac_key *key, gl_arena *arena, const uint8_t id[GL_DECLARATION_ID_BYTES],
                       gl_str criterion);
/* The share of 2^64 in parts per million, rounded down: 0 to 999,999. A draw with rate r selects when this is below r,
 * which is the same as value / 2^64 < r / 1,000,000. */
int32_t gl_draw_ppm(uint64_t value);

#endif
