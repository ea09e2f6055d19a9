/* Reads /metrics of several daemons at once: one that hangs costs a picture no more than the deadline. */
#ifndef GL_CLI_SCRAPE_H
#define GL_CLI_SCRAPE_H

#include "base/arena.h"
#include "cli/exposition.h"

enum { GL_SCRAPE_FAILURE_BYTES = 256 };

typedef struct gl_scrape {
    const char *url; /* with the path; borrowed */
    /* Filled: */
    bool good;
    char failure[GL_SCRAPE_FAILURE_BYTES]; /* when not */
    gl_exposition samples;                 /* in the arena */
    int64_t at_us;                         /* monotonic: when it was read */
} gl_scrape;

/* Thread: one at a time. */
void gl_scrape_all(gl_scrape *scrapes, size_t count, int timeout_ms, gl_arena *arena);

#endif
