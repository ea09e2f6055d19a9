/* gl.notifications for one account's webhook: all instances of ingest share its partitions, as the group
 * gl.push.<account>, and what was delivered is committed.
 *
 * Always holds: what is committed was delivered, or was nobody's business; after a pause each partition goes on where
 * it stood. Thread: one; partitions come and go only in gl_outcome_group_take. Locks: none.
 */
#ifndef GL_INGEST_PUSH_GROUP_H
#define GL_INGEST_PUSH_GROUP_H

#include "ingest/push/reader.h"

typedef struct gl_outcome_group gl_outcome_group;

/* `name`: of the client. `left` is told of a partition that is another's from now on. `from_start`: as
 * gl_outcome_reader_join. Errors: kafka-...
 */
gl_outcome_group *gl_outcome_group_join(const gl_kafka_conf *conf, const char *name, const char *account,
                                        size_t partition_count, bool from_start,
                                        void (*left)(void *context, int32_t partition), void *context, gl_err *err);
/* Leaves; what was not committed is read again. NULL is allowed. */
void gl_outcome_group_leave(gl_outcome_group *group);
/* As gl_outcome_reader_take, without ends. While paused no record comes. */
gl_reading gl_outcome_group_take(gl_outcome_group *group, gl_outcome *outcome, int wait_ms, gl_err *err);
/* Has something been taken that is not committed? */
bool gl_outcome_group_has_moved(const gl_outcome_group *group);
/* Has it partitions, and each of them an offset that was committed? */
bool gl_outcome_group_is_placed(const gl_outcome_group *group);
/* After GL_READING_LOST: of how many of our partitions the topic begins behind the group's offset, so that records are
 * lost. None: the group is new there, or nobody says. */
size_t gl_outcome_group_count_gaps(gl_outcome_group *group);
/* Commits all that was taken, of partitions that are still ours. */
bool gl_outcome_group_commit(gl_outcome_group *group, gl_err *err);
/* Where nothing was committed since it came, where it began: what is deleted from now on is then known to be lost. */
bool gl_outcome_group_mark(gl_outcome_group *group, gl_err *err);
/* The group is still served, by gl_outcome_group_take. */
void gl_outcome_group_pause(gl_outcome_group *group);
/* false: leave, and join anew. */
bool gl_outcome_group_resume(gl_outcome_group *group, gl_err *err);

#endif
