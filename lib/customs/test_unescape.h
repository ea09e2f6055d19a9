/* Golden vectors hold any bytes: \xNN and \\ stand for them, as training/classify/golden.py writes. */
#ifndef GL_CUSTOMS_TEST_UNESCAPE_H
#define GL_CUSTOMS_TEST_UNESCAPE_H

#include <stdlib.h>

/* Back to bytes, in place; returns the length. */
static inline size_t test_unescape(char *text)
{
    char *to = text;
    for (const char *p = text; *p != 0; p++) {
        if (*p != '\\') {
            *to++ = *p;
        } else if (p[1] == '\\') {
            *to++ = '\\';
            p++;
        } else {
            char hex[3] = {p[2], p[3], 0};
            *to++ = (char)strtol(hex, NULL, 16);
            p += 3;
        }
    }
    return (size_t)(to - text);
}

#endif
