/* FNV-1a of 32 bits: how words and n-grams are named in the models' files (training/classify/features.py, vague.py). */
#ifndef GL_CLASSIFY_FNV_H
#define GL_CLASSIFY_FNV_H

#include <stddef.h>
#include <stdint.h>

#define GL_FNV1A_BASIS 0x811C9DC5u

static inline uint32_t gl_fnv1a(uint32_t hash, const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ p[i]) * 0x01000193u;
    return hash;
}

/* Of a kind byte and what it is of. */
static inline uint32_t gl_fnv1a_kind(unsigned char kind, const void *bytes, size_t size)
{
    return gl_fnv1a(gl_fnv1a(GL_FNV1A_BASIS, &kind, 1), bytes, size);
}

#endif
