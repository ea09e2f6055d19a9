/* What a daemon knows of the schema registry: schemas by id, and ids by subject and schema.
 *
 * One thread does all requests, one at a time; whoever asks for something that is not known yet is told GL_RETRY at
 * once and asks again, so that no worker waits in HTTP and several that want the same cause one request. Always holds:
 * what the registry said of an id stays; that it does not have one holds for registry.negative_ttl; while it does not
 * answer, what is known goes on being used, and what the disk cache has of an earlier run takes the place of an answer
 * (and is checked once the registry answers again); so it does for an id that the registry does not know any more. What
 * is known of a watched subject is asked again with each look through it: gl_registry_changed says that the registry
 * has changed its mind. Memory is bounded by GL_REGISTRY_LIMIT_ENTRIES and _CACHE_BYTES. Thread: any, where it says
 * nothing else. Locks: one inside, never held during a request or a file's.
 */
#ifndef GL_IO_REGISTRY_H
#define GL_IO_REGISTRY_H

#include "base/metrics.h"
#include "gen/topics.h"
#include "io/registry_client.h"

enum { GL_REGISTRY_LIMIT_ENTRIES = 4096, GL_REGISTRY_LIMIT_CACHE_BYTES = 64 * 1024 * 1024 };

enum { GL_REGISTRY_SUBJECT_BYTES = 256 };
/* TopicNameStrategy, <topic>-value; further records of a topic have <topic>-<record's full name>. Returns `subject`. */
const char *gl_registry_subject(const gl_topic_schema *schema, char subject[GL_REGISTRY_SUBJECT_BYTES]);

enum { GL_REGISTRY_METRIC_COUNT = 5 };
extern const gl_metric_def gl_registry_metrics[GL_REGISTRY_METRIC_COUNT];

/* Shows the metrics of a daemon that has no registry: nothing was asked, nothing is wrong. */
void gl_registry_expose(gl_metrics *metrics);

typedef struct gl_registry gl_registry;

/* Starts the thread. `conf` is borrowed, and not `builtin`. `metrics` may be NULL. Errors (GL_FATAL): registry-conf. */
gl_registry *gl_registry_start(const gl_registry_conf *conf, gl_metrics *metrics, gl_err *err);
/* Ends the thread (at most registry.timeout later) and frees what was given out. */
void gl_registry_stop(gl_registry *registry);

/* The schema of an id; `json` is valid until gl_registry_stop. Errors: registry-waiting (GL_RETRY: being fetched),
 * envelope-schema-unknown (GL_DEAD_LETTER: the registry does not have it), schema-unavailable (GL_DEAD_LETTER: it has
 * not answered for registry.wait). */
bool gl_registry_schema(gl_registry *registry, uint32_t id, gl_str *json, gl_err *err);
/* The id under which exactly this schema is registered for the subject; 0: it is not. Errors: as gl_registry_schema. */
bool gl_registry_id(gl_registry *registry, const char *subject, gl_str json, uint32_t *id, gl_err *err);
/* From now on the subject is looked through for new versions every registry.refresh. `subject` is copied. */
void gl_registry_watch(gl_registry *registry, const char *subject);

/* What was not there may be now: it is asked for again when the next asks, without waiting for negative_ttl. */
void gl_registry_ask_again(gl_registry *registry);
/* Until something that was asked for is answered, or the time is over. */
void gl_registry_wait(gl_registry *registry, int timeout_ms);
/* Did it answer the last request? True before the first. */
bool gl_registry_is_up(const gl_registry *registry);

#endif
