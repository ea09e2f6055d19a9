/* Slices: text or bytes that somebody else owns. Never NUL-terminated by contract. */
#ifndef GL_BASE_STR_H
#define GL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct gl_str {
    const char *ptr; /* may be NULL only when len == 0 */
    size_t len;      /* bytes */
} gl_str;

#define GL_STR(literal) ((gl_str){(literal), sizeof(literal) - 1})
/* For "%.*s". */
#define GL_STR_ARG(s) (int)(s).len, (s).ptr == NULL ? "" : (s).ptr

static inline gl_str gl_str_of(const char *text)
{
    return (gl_str){text, text == NULL ? 0 : strlen(text)};
}

static inline bool gl_str_eq(gl_str a, gl_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool gl_str_eqz(gl_str a, const char *text)
{
    return gl_str_eq(a, gl_str_of(text));
}

static inline bool gl_str_starts(gl_str a, gl_str prefix)
{
    return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.ptr, prefix.ptr, prefix.len) == 0);
}

/* Without ASCII white space at both ends. */
gl_str gl_str_trim(gl_str s);
/* Is it well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF)? `bad_at` (may be NULL) gets the offset
 * of the first bad byte. */
bool gl_str_is_utf8(gl_str s, size_t *bad_at);
/* A control character other than tab and line break, which belong to addresses and descriptions. */
bool gl_str_has_control(gl_str s);
/* A whole decimal number without sign or spaces, at most `max`. */
bool gl_str_to_u64(gl_str s, uint64_t max, uint64_t *value);

#endif
