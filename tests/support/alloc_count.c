/* See alloc_count.h. An executable's malloc goes before the one of a shared library, for libc's own callers too. */
#include "support/alloc_count.h"

#include <stdlib.h> /* says which C library this is */

#if defined(__GLIBC__) && !GL_OTHER_MALLOC
#include <errno.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <unistd.h>

/* What glibc calls its own. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size);

enum { CALLERS = 24 };
static atomic_bool counting;
static atomic_ulong count_now;
static _Thread_local bool looking; /* backtrace may allocate itself; or somebody else's code runs */
static bool remember;
static void *latest[CALLERS];
static int caller_count;

static void note(void)
{
    if (looking || !atomic_load_explicit(&counting, memory_order_relaxed))
        return;
    looking = true;
    atomic_fetch_add(&count_now, 1);
    if (remember)
        caller_count = backtrace(latest, CALLERS);
    looking = false;
}

void *malloc(size_t size)
{
    note();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    note();
    return __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
    note();
    return __libc_realloc(p, size);
}

void *memalign(size_t alignment, size_t size)
{
    note();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **p, size_t alignment, size_t size)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    void *made = memalign(alignment, size);
    if (made == NULL)
        return ENOMEM;
    *p = made;
    return 0;
}

bool alloc_count_possible(void)
{
    return true;
}

void alloc_count_start(bool callers)
{
    remember = callers;
    caller_count = 0;
    atomic_store(&count_now, 0);
    atomic_store(&counting, true);
}

unsigned long alloc_count_stop(void)
{
    atomic_store(&counting, false);
    return atomic_load(&count_now);
}

void alloc_count_look_away(bool away)
{
    looking = away;
}

void alloc_count_print_latest(void)
{
    backtrace_symbols_fd(latest, caller_count, STDERR_FILENO);
}
#else
bool alloc_count_possible(void)
{
    return false;
}

void alloc_count_start(bool callers)
{
    (void)callers;
}

unsigned long alloc_count_stop(void)
{
    return 0;
}

void alloc_count_look_away(bool away)
{
    (void)away;
}

void alloc_count_print_latest(void) {}
#endif
