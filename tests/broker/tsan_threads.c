/* C11 threads as POSIX threads, for ThreadSanitizer only: librdkafka makes its threads with thrd_create, which the
 * sanitizer of gcc 12 does not know, so that the first allocation in such a thread crashes. Linked into the executables
 * of a TSan build, these definitions come before libc's; in glibc mtx_t and cnd_t are pthread_mutex_t and
 * pthread_cond_t by another name.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && sizeof(cnd_t) == sizeof(pthread_cond_t), "glibc's layout");

typedef struct start {
    thrd_start_t function;
    void *argument;
} start;

static void *run(void *argument)
{
    start s = *(start *)argument;
    free(argument);
    return (void *)(intptr_t)s.function(s.argument); /* NOLINT(performance-no-int-to-ptr): as POSIX wants it */
}

static int result(int code)
{
    return code == 0 ? thrd_success : code == EBUSY ? thrd_busy : code == ETIMEDOUT ? thrd_timedout : thrd_error;
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument)
{
    start *s = malloc(sizeof *s);
    if (s == NULL)
        return thrd_nomem;
    *s = (start){function, argument};
    int code = pthread_create((pthread_t *)thread, NULL, run, s);
    if (code != 0)
        free(s);
    return result(code);
}

int thrd_join(thrd_t thread, int *value)
{
    void *got;
    int code = pthread_join((pthread_t)thread, &got);
    if (code == 0 && value != NULL)
        *value = (int)(intptr_t)got;
    return result(code);
}

int thrd_detach(thrd_t thread)
{
    return result(pthread_detach((pthread_t)thread));
}

int mtx_init(mtx_t *mutex, int type)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if (type & mtx_recursive)
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    int code = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return result(code);
}

int mtx_lock(mtx_t *mutex)
{
    return result(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_trylock(mtx_t *mutex)
{
    return result(pthread_mutex_trylock((pthread_mutex_t *)mutex));
}

int mtx_unlock(mtx_t *mutex)
{
    return result(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

void mtx_destroy(mtx_t *mutex)
{
    pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int cnd_init(cnd_t *condition)
{
    return result(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

int cnd_signal(cnd_t *condition)
{
    return result(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
    return result(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    return result(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until)
{
    return result(pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until));
}

void cnd_destroy(cnd_t *condition)
{
    pthread_cond_destroy((pthread_cond_t *)condition);
}

/* librdkafka's reference counts are atomics of its own, which the sanitizer does not see in a library that it did not
 * build. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:librdkafka.so\n";
}
