/* Counts what a program asks of malloc and its relatives, libraries and operator new included, in all threads: a test
 * that links alloc_count.c has these functions instead of glibc's, which they call. One count at a time. */
#ifndef SUPPORT_ALLOC_COUNT_H
#define SUPPORT_ALLOC_COUNT_H

#include <stdbool.h>

/* False where nothing can be counted: a sanitizer has a malloc of its own, or the C library is not glibc. */
bool alloc_count_possible(void);
/* `callers`: remember those of the latest, which is slow. */
void alloc_count_start(bool callers);
/* How often memory was asked for since the start: malloc, calloc, realloc, posix_memalign, aligned_alloc, memalign. */
unsigned long alloc_count_stop(void);
/* What this thread asks for is not counted (true), or is again (false). */
void alloc_count_look_away(bool away);
/* On standard error, the callers of the latest that was counted, as addresses for addr2line. */
void alloc_count_print_latest(void);

#endif
