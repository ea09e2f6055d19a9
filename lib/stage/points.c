/* Places where tests kill the process: between producing, sending offsets, committing and applying, where exactly-once
 * is won or lost. Off unless GL_TEST_POINT is set; then one comparison a batch. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "stage/internal.h"

static const char *const names[GL_POINT_COUNT] = {"produced", "offsets", "committed", "applied"};
static gl_point wanted = GL_POINT_COUNT;
static atomic_ullong left;

bool gl_points_init(gl_err *err)
{
    const char *text = getenv("GL_TEST_POINT");
    if (text == NULL || text[0] == '\0')
        return true;
    const char *colon = strchr(text, ':');
    uint64_t nth = 1;
    size_t len = colon == NULL ? strlen(text) : (size_t)(colon - text);
    if (colon != NULL && (!gl_str_to_u64(gl_str_of(colon + 1), 1000000000, &nth) || nth == 0))
        return gl_fail(err, GL_FATAL, "test-point", "GL_TEST_POINT=%s: <point>:<nth>, nth from 1", text);
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
    if (point == wanted && atomic_fetch_sub(&left, 1) == 1)
        kill(getpid(), SIGKILL);
}
