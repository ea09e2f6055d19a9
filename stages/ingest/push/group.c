/* See group.h. librdkafka drops what it had fetched of a partition that is paused, so each goes on from the bookkeeping
 * here. */
#include "ingest/push/group.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

enum { GROUP_BYTES = 160, QUESTION_MS = 5000 };

typedef struct place {
    bool owned;
    int64_t begun;     /* offset of the first record that came; -1: none yet */
    int64_t taken;     /* offset after the last record that was taken; -1: none yet */
    int64_t committed; /* the same of what was committed */
} place;

struct gl_outcome_group {
    gl_outcome_reader *reader;
    place *places; /* by partition */
    size_t count;
    bool paused;
    void (*left)(void *context, int32_t partition);
    void *context;
};

/* ---- membership ---- */

static place *place_of(gl_outcome_group *group, int32_t partition)
{
    return partition >= 0 && (size_t)partition < group->count ? &group->places[partition] : NULL;
}

static void note_error(rd_kafka_error_t *error, const char *what)
{
    gl_err err;
    if (error == NULL)
        return;
    gl_kafka_fail(&err, error, what);
    gl_log_err(GL_LOG_WARN, &err);
}

static void take_over(gl_outcome_group *group, rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++)
        if (place_of(group, list->elems[i].partition) != NULL)
            *place_of(group, list->elems[i].partition) = (place){true, -1, -1, -1};
    note_error(rd_kafka_incremental_assign(rk, list), "taking partitions of outcomes");
    if (group->paused)
        rd_kafka_pause_partitions(rk, list);
}

static void give_away(gl_outcome_group *group, rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        place *p = place_of(group, list->elems[i].partition);
        if (p == NULL || !p->owned)
            continue;
        p->owned = false;
        group->left(group->context, list->elems[i].partition);
    }
    note_error(rd_kafka_incremental_unassign(rk, list), "leaving partitions of outcomes");
}

static void rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *opaque)
{
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        take_over(opaque, rk, list);
    else
        give_away(opaque, rk, list);
}

gl_outcome_group *gl_outcome_group_join(const gl_kafka_conf *conf, const char *name, const char *account,
                                        size_t partition_count, bool from_start,
                                        void (*left)(void *context, int32_t partition), void *context, gl_err *err)
{
    char id[GROUP_BYTES];
    gl_outcome_group *group = calloc(1, sizeof *group);
    if (group == NULL)
        abort();
    group->count = partition_count;
    group->places = calloc(partition_count + 1, sizeof *group->places);
    if (group->places == NULL)
        abort();
    group->left = left;
    group->context = context;
    snprintf(id, sizeof id, "gl.push.%s", account);
    gl_kafka_client client = {.name = name, .opaque = group, .rebalance = rebalance};
    group->reader = gl_outcome_reader_join(conf, &client, id, from_start, err);
    if (group->reader != NULL)
        return group;
    gl_outcome_group_leave(group);
    return NULL;
}

void gl_outcome_group_leave(gl_outcome_group *group)
{
    if (group == NULL)
        return;
    gl_outcome_reader_close(group->reader);
    free(group->places);
    free(group);
}

/* ---- taking ---- */

/* One that was on its way when all were paused is read again. */
static bool keep_place(gl_outcome_group *group, place *p, int64_t offset)
{
    if (p->begun < 0)
        p->begun = offset;
    if (group->paused && p->taken < 0)
        p->taken = offset;
    return p->owned && !group->paused && offset >= p->taken;
}

gl_reading gl_outcome_group_take(gl_outcome_group *group, gl_outcome *outcome, int wait_ms, gl_err *err)
{
    gl_reading reading = gl_outcome_reader_take(group->reader, outcome, wait_ms, err);
    bool ended = reading == GL_READING_END;
    if (reading != GL_READING_RECORD && reading != GL_READING_UNREADABLE && !ended)
        return reading;
    place *p = place_of(group, outcome->partition);
    if (p == NULL || !keep_place(group, p, outcome->offset))
        return GL_READING_NOTHING;
    p->taken = ended ? outcome->offset : outcome->offset + 1;
    return ended ? GL_READING_NOTHING : reading;
}

bool gl_outcome_group_has_moved(const gl_outcome_group *group)
{
    for (size_t i = 0; i < group->count; i++)
        if (group->places[i].owned && group->places[i].taken > group->places[i].committed)
            return true;
    return false;
}

bool gl_outcome_group_is_placed(const gl_outcome_group *group)
{
    size_t owned = 0;
    for (size_t i = 0; i < group->count; i++) {
        owned += group->places[i].owned;
        if (group->places[i].owned && group->places[i].committed < 0)
            return false;
    }
    return owned > 0;
}

static bool is_gap(rd_kafka_t *rk, const rd_kafka_topic_partition_t *committed)
{
    int64_t first = 0, end = 0;
    return committed->err == RD_KAFKA_RESP_ERR_NO_ERROR && committed->offset >= 0 &&
           rd_kafka_query_watermark_offsets(rk, gl_outcome_topic, committed->partition, &first, &end, QUESTION_MS) ==
               RD_KAFKA_RESP_ERR_NO_ERROR &&
           committed->offset < first;
}

size_t gl_outcome_group_count_gaps(gl_outcome_group *group)
{
    rd_kafka_t *rk = gl_outcome_reader_consumer(group->reader);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)group->count);
    size_t gaps = 0;
    for (size_t i = 0; i < group->count; i++)
        if (group->places[i].owned)
            rd_kafka_topic_partition_list_add(list, gl_outcome_topic, (int32_t)i);
    bool told = rd_kafka_committed(rk, list, QUESTION_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; told && i < list->cnt; i++)
        gaps += is_gap(rk, &list->elems[i]);
    rd_kafka_topic_partition_list_destroy(list);
    return gaps;
}

/* Partitions that are ours, with where each stands; only those that moved since the last commit, or all. */
static rd_kafka_topic_partition_list_t *list_places(const gl_outcome_group *group, bool moved_only)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)group->count);
    for (size_t i = 0; i < group->count; i++) {
        const place *p = &group->places[i];
        if (p->owned && p->taken >= 0 && (!moved_only || p->taken > p->committed))
            rd_kafka_topic_partition_list_add(list, gl_outcome_topic, (int32_t)i)->offset = p->taken;
    }
    return list;
}

static rd_kafka_resp_err_t first_error(const rd_kafka_topic_partition_list_t *list, rd_kafka_resp_err_t code)
{
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
        code = list->elems[i].err;
    return code;
}

/* Takes the list. */
static bool commit_list(gl_outcome_group *group, rd_kafka_topic_partition_list_t *list, gl_err *err)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (list->cnt > 0)
        code = first_error(list, rd_kafka_commit(gl_outcome_reader_consumer(group->reader), list, 0));
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
        group->places[list->elems[i].partition].committed = list->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || gl_kafka_fail_code(err, code, "committing what was delivered");
}

bool gl_outcome_group_commit(gl_outcome_group *group, gl_err *err)
{
    return commit_list(group, list_places(group, true), err);
}

bool gl_outcome_group_mark(gl_outcome_group *group, gl_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)group->count);
    for (size_t i = 0; i < group->count; i++) {
        const place *p = &group->places[i];
        if (p->owned && p->begun >= 0 && p->committed < 0)
            rd_kafka_topic_partition_list_add(list, gl_outcome_topic, (int32_t)i)->offset = p->begun;
    }
    return commit_list(group, list, err);
}

/* ---- pausing ---- */

/* NULL: none. */
static rd_kafka_topic_partition_list_t *assignment(gl_outcome_group *group)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    if (rd_kafka_assignment(gl_outcome_reader_consumer(group->reader), &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return NULL;
    return list;
}

void gl_outcome_group_pause(gl_outcome_group *group)
{
    rd_kafka_topic_partition_list_t *list = assignment(group);
    group->paused = true;
    if (list == NULL)
        return;
    rd_kafka_pause_partitions(gl_outcome_reader_consumer(group->reader), list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* One that did not go back would go on behind what was dropped. */
bool gl_outcome_group_resume(gl_outcome_group *group, gl_err *err)
{
    rd_kafka_t *rk = gl_outcome_reader_consumer(group->reader);
    rd_kafka_topic_partition_list_t *all = assignment(group), *back = list_places(group, false);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__STATE;
    if (all != NULL) {
        code = first_error(all, rd_kafka_resume_partitions(rk, all));
        rd_kafka_topic_partition_list_destroy(all);
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && back->cnt > 0) { /* a time-out is 1000 times too short in 2.0.2 */
        rd_kafka_error_t *error = rd_kafka_seek_partitions(rk, back, -1);
        code = first_error(back, error == NULL ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error));
        if (error != NULL)
            rd_kafka_error_destroy(error);
    }
    rd_kafka_topic_partition_list_destroy(back);
    group->paused = code != RD_KAFKA_RESP_ERR_NO_ERROR;
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || gl_kafka_fail_code(err, code, "going on with outcomes");
}
