/* The picture of `greenlane top`: what the daemons' metrics, read twice, say of the stages.
 *
 * Pure: two readings of each daemon in, lines of text out. Nothing that comes from a daemon reaches the terminal but
 * printable ASCII. Thread: any. Locks: none.
 */
#ifndef GL_CLI_BOARD_H
#define GL_CLI_BOARD_H

#include "base/buf.h"
#include "cli/exposition.h"

enum { GL_BOARD_STAGES = 4, GL_BOARD_INSTANCES = 64, GL_BOARD_WIDTH_LEAST = 60, GL_BOARD_WIDTH_MOST = 250 };
extern const char *const gl_board_stages[GL_BOARD_STAGES + 1]; /* NULL-terminated, in the order of the pipeline */

/* Index into gl_board_stages; -1: none of them. */
int gl_board_stage(gl_str name);

/* One daemon. Zero-initialised: nothing known yet. */
typedef struct gl_board_instance {
    const char *address;       /* as given; shown */
    int stage;                 /* as given, or as it said; -1: not known */
    const char *failure;       /* of the last reading; NULL: there is none, and `now` holds */
    int64_t before_us, now_us; /* monotonic, of the readings; before_us 0: there is no earlier one */
    gl_exposition before, now; /* `before` is of the same process: rates are right */
} gl_board_instance;

typedef struct gl_board_look {
    int width, height;   /* of the terminal; height 0: as many lines as it takes */
    bool colour;         /* SGR sequences for what is wrong */
    int64_t wall_us;     /* shown */
    int64_t interval_ms; /* shown; 0: one picture only */
} gl_board_look;

/* Takes over what a daemon says of itself (its stage), after a reading. A process that was started again since loses
 * its earlier reading. */
void gl_board_note(gl_board_instance *instance);
/* Lines, each at most `width` columns and ended by a newline. */
void gl_board_draw(gl_buf *out, const gl_board_instance *instances, size_t count, const gl_board_look *look);

#endif
