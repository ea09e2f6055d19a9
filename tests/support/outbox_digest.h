/* One number for everything that a stage put out, so that two builds can be compared: the same records must give the
 * same bytes in the same order. Records go in one after another, each framed by its own SHA-256. */
#ifndef SUPPORT_OUTBOX_DIGEST_H
#define SUPPORT_OUTBOX_DIGEST_H

#include <stdio.h>

#include "customs/ids.h"
#include "stage/outbox.h"

/* `digest`: zeros before the first batch. Entries from index `from` on. */
static inline void outbox_digest(uint8_t digest[GL_SHA256_BYTES], const gl_outbox *outbox, size_t from)
{
    size_t count;
    const gl_outbox_entry *entries = gl_outbox_entries(outbox, &count);
    for (size_t i = from; i < count; i++) {
        uint8_t frame[3 * GL_SHA256_BYTES + 3];
        memcpy(frame, digest, GL_SHA256_BYTES);
        gl_sha256(entries[i].key, frame + GL_SHA256_BYTES);
        gl_sha256(entries[i].value, frame + 2 * GL_SHA256_BYTES);
        frame[3 * GL_SHA256_BYTES] = (uint8_t)entries[i].kind;
        frame[3 * GL_SHA256_BYTES + 1] = (uint8_t)entries[i].output;
        frame[3 * GL_SHA256_BYTES + 2] = (uint8_t)entries[i].partition;
        gl_sha256((gl_str){(const char *)frame, sizeof frame}, digest);
    }
}

static inline void outbox_digest_print(const uint8_t digest[GL_SHA256_BYTES])
{
    char hex[2 * GL_SHA256_BYTES + 1];
    gl_hex(digest, GL_SHA256_BYTES, hex);
    printf("output %s\n", hex);
}

#endif
