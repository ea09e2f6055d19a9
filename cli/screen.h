/* A terminal that is drawn over: the other screen while it lasts, keys without Enter, and the old state on every way
 * out (also when it is stopped with Ctrl-Z). A terminal that cannot do that (TERM=dumb, or no terminal) gets pictures
 * one after the other. One at a time in a process. Thread: main.
 */
#ifndef GL_CLI_SCREEN_H
#define GL_CLI_SCREEN_H

#include "base/buf.h"

typedef struct gl_screen_size {
    int width, height; /* height 0: no end */
} gl_screen_size;

/* Says whether standard output is drawn over. */
bool gl_screen_open(void);
/* May it be coloured? Not with NO_COLOR, nor where nothing is drawn over. */
bool gl_screen_has_colour(void);
/* As it is now; COLUMNS and LINES where there is no terminal. */
gl_screen_size gl_screen_size_now(void);
void gl_screen_show(const gl_buf *picture);
/* Waits `timeout_ms`, or until something wants a new picture (another size, back from Ctrl-Z). False: it is to end (q,
 * Ctrl-C, SIGTERM, the terminal went away). */
bool gl_screen_wait(int64_t timeout_ms);
void gl_screen_close(void);

#endif
