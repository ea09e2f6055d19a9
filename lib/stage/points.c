/* Places where tests kill or stop the process, or hang the worker: between producing, sending offsets, committing and
 * applying, where exactly-once is won or lost. Off unless GL_TEST_POINT is set; then one comparison a batch. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "stage/internal.h"

static const char *const names[GL_POINT_COUNT] = {"timers", "produced", "offsets", "committed", "applied"};
static gl_point wanted = GL_POINT_COUNT;
enum { HANG = 0, NTH_LIMIT = 1000000000 };
static int wanted_signal = SIGKILL; /* HANG: none, the worker stays there */
static atomic_ullong left;

/* Takes the text up to the next colon, and the colon. */
static gl_str before_colon(gl_str *rest)
{
    const char *colon = rest->len == 0 ? NULL : memchr(rest->ptr, ':', rest->len);
    gl_str part = {rest->ptr, colon == NULL ? rest->len : (size_t)(colon - rest->ptr)};
    size_t taken = part.len + (colon == NULL ? 0 : 1);
    *rest = (gl_str){rest->ptr + taken, rest->len - taken};
    return part;
}

bool gl_points_init(gl_err *err)
{
    const char *text = getenv("GL_TEST_POINT");
    if (text == NULL || text[0] == '\0')
        return true;
    gl_str rest = gl_str_of(text), point = before_colon(&rest), part = before_colon(&rest);
    uint64_t nth = 1;
    if (gl_str_to_u64(part, NTH_LIMIT, &nth))
        part = before_colon(&rest);
    if (gl_str_eqz(part, "stop"))
        wanted_signal = SIGSTOP;
    else if (gl_str_eqz(part, "hang"))
        wanted_signal = HANG;
    if ((part.len > 0 && wanted_signal == SIGKILL) || rest.len > 0 || nth == 0)
        return gl_fail(err, GL_FATAL, "test-point", "GL_TEST_POINT=%s: <point>[:<nth>][:stop|:hang], nth from 1", text);
    for (int i = 0; i < GL_POINT_COUNT; i++)
        if (gl_str_eqz(point, names[i]))
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
    while (wanted_signal == HANG)
        pause();
    kill(getpid(), wanted_signal);
}
