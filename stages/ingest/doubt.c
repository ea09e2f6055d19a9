/* See doubt.h. */
#include "ingest/doubt.h"

#include <pthread.h>
#include <stdlib.h>

enum { MARKER_BYTES = 24 };

typedef struct part {
    int64_t since_us;
    bool seen; /* its marker was looked for before */
    bool over;
    char marker[MARKER_BYTES];
    char probe[GL_MRN_STEM_CHARS + 1]; /* empty: none yet */
} part;

struct gl_doubt {
    pthread_mutex_t lock;
    int64_t settle_us;
    int32_t count;
    part *parts;
};

static void begin(part *p, int64_t now_us)
{
    p->since_us = now_us;
    p->over = false;
    p->probe[0] = '\0';
}

gl_doubt *gl_doubt_new(int32_t partition_count, int64_t settle_ms, int64_t now_us)
{
    gl_doubt *doubt = calloc(1, sizeof *doubt);
    if (doubt == NULL)
        abort();
    doubt->count = partition_count;
    doubt->settle_us = settle_ms * 1000;
    doubt->parts = calloc((size_t)partition_count + 1, sizeof *doubt->parts);
    if (doubt->parts == NULL)
        abort();
    pthread_mutex_init(&doubt->lock, NULL);
    gl_doubt_begin(doubt, now_us);
    return doubt;
}

void gl_doubt_destroy(gl_doubt *doubt)
{
    if (doubt == NULL)
        return;
    pthread_mutex_destroy(&doubt->lock);
    free(doubt->parts);
    free(doubt);
}

void gl_doubt_begin(gl_doubt *doubt, int64_t now_us)
{
    pthread_mutex_lock(&doubt->lock);
    for (int32_t i = 0; i < doubt->count; i++)
        begin(&doubt->parts[i], now_us);
    pthread_mutex_unlock(&doubt->lock);
}

/* Locks the partition; NULL: there is none, and nothing is locked. */
static part *lock_part(gl_doubt *doubt, int32_t partition)
{
    if (partition < 0 || partition >= doubt->count)
        return NULL;
    pthread_mutex_lock(&doubt->lock);
    return &doubt->parts[partition];
}

static bool is_old(gl_str marker, int64_t before_ms)
{
    uint64_t since_ms = 0;
    return gl_str_to_u64(marker, INT64_MAX, &since_ms) && (int64_t)since_ms <= before_ms;
}

bool gl_doubt_look(gl_doubt *doubt, int32_t partition, gl_str marker, int64_t now_us, int64_t wall_ms)
{
    uint64_t number = 0;
    bool there = marker.ptr != NULL && marker.len < MARKER_BYTES && gl_str_to_u64(marker, INT64_MAX, &number);
    part *p = lock_part(doubt, partition);
    if (p == NULL)
        return false;
    bool same = there && gl_str_eqz(marker, p->marker);
    bool trusted = !p->seen && there && is_old(marker, wall_ms - doubt->settle_us / 1000);
    if (!same && !trusted)
        begin(p, now_us);
    if (!same) {
        p->seen = true;
        memcpy(p->marker, there ? marker.ptr : "", there ? marker.len : 0);
        p->marker[there ? marker.len : 0] = '\0';
    }
    bool settled = there && now_us - p->since_us >= doubt->settle_us;
    pthread_mutex_unlock(&doubt->lock);
    return settled;
}

void gl_doubt_offer(gl_doubt *doubt, int32_t partition, const char *stem, int64_t begun_us)
{
    part *p = lock_part(doubt, partition);
    if (p == NULL)
        return;
    if (!p->over && p->probe[0] == '\0' && begun_us > p->since_us)
        memcpy(p->probe, stem, sizeof p->probe);
    pthread_mutex_unlock(&doubt->lock);
}

bool gl_doubt_probe(gl_doubt *doubt, int32_t partition, char stem[GL_MRN_STEM_CHARS + 1])
{
    const part *p = lock_part(doubt, partition);
    if (p == NULL)
        return false;
    bool any = p->probe[0] != '\0';
    memcpy(stem, p->probe, sizeof p->probe);
    pthread_mutex_unlock(&doubt->lock);
    return any;
}

void gl_doubt_decided(gl_doubt *doubt, int32_t partition, const char *stem)
{
    part *p = lock_part(doubt, partition);
    if (p == NULL)
        return;
    if (strcmp(p->probe, stem) == 0) { /* else the doubt began anew meanwhile */
        p->over = true;
        p->probe[0] = '\0';
    }
    pthread_mutex_unlock(&doubt->lock);
}

bool gl_doubt_is_over(gl_doubt *doubt, int32_t partition)
{
    const part *p = lock_part(doubt, partition);
    if (p == NULL)
        return false;
    bool over = p->over;
    pthread_mutex_unlock(&doubt->lock);
    return over;
}
