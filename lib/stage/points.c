/* Places where tests kill or stop the process, or hang the worker: between producing, sending offsets, committing and
 * applying, where exactly-once is won or lost. Off unless GL_TEST_POINT is set; then one comparison a batch. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "stage/internal.h"

static const char *const names[GL_POINT_COUNT] = {"timers", "produced", "offsets", "committed", "applied"};
static gl_point wanted = GL_POINT_COUNT;
static int wanted_signal = SIGKILL; /* 0: the worker hangs */
static atomic_ullong left;

bool gl_points_init(gl_err *err)
{
    const char *text = getenv("GL_TEST_POINT");
    if (text == NULL || text[0] == '\0')
        return true;
    const char *colon = strchr(text, ':'), *end = text + strlen(text);
    static const char stop[] = ":stop", hang[] = ":hang";
    if (strlen(text) >= sizeof stop &&
        (strcmp(end - (sizeof stop - 1), stop) == 0 || strcmp(end - (sizeof hang - 1), hang) == 0)) {
        wanted_signal = end[-1] == 'p' ? SIGSTOP : 0;
        end -= sizeof stop - 1;
    }
    if (colon == end)
        colon = NULL;
    uint64_t nth = 1;
    size_t len = colon == NULL ? (size_t)(end - text) : (size_t)(colon - text);
    if (colon != NULL && (!gl_str_to_u64((gl_str){colon + 1, (size_t)(end - colon - 1)}, 1000000000, &nth) || nth == 0))
        return gl_fail(err, GL_FATAL, "test-point", "GL_TEST_POINT=%s: <point>[:<nth>][:stop|:hang], nth from 1", text);
    for (int i = 0; i < GL_POINT_COUNT; i++)
        if (gl_str_eqz((gl_str){text, len}, names[i]))
            wanted = (gl_point)i;
    if (wanted == GL_POINT_COUNT)
        return gl_fail(err, GL_FATAL, "test-point", "GL_TEST_POINT=%s: no such point", text);
    atomic_store(&left, nth);
    return true;
}

void gl_point_reached(gl_point point)
{
    if (point != wanted || atomic_fetch_sub(&left, 1) != 1)
        return;
    while (wanted_signal == 0)
        pause();
    kill(getpid(), wanted_signal);
}
