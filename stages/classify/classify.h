/* The classify stage: gl.declarations.accepted in, gl.declarations.classified out, with the classification appended to
 * the upstream bytes.
 *
 * A batch's descriptions are normalised and gated, looked up in the worker's cache, then in one pipelined call to
 * Redis, and the rest is computed; Redis is written after the commit. Always holds: one record out for each that can be
 * decoded, in order; the others are dead letters, with a technical failure on gl.events when their declaration is
 * known; what is found in a cache is what would have been computed, so a failure of Redis changes nothing;
 * what officers found of the model's claims, and ruled, comes after both, and `degraded` is true only while that was
 * not read to its end since the start. Kafka-free: see lib/stage/stage.h.
 */
#ifndef GL_CLASSIFY_CLASSIFY_H
#define GL_CLASSIFY_CLASSIFY_H

#include "classify/classifier.h"
#include "classify/serve.h"
#include "stage/stage.h"

typedef struct gl_classify_conf {
    const char *model, *vague_words, *vague_model;
    int64_t vague_above_ppm;    /* 0: the gate's own */
    int64_t abstain_below_ppm;  /* 0: as fitted in training */
    int64_t cache_entries;      /* a worker */
    int64_t cache_ttl_ms;       /* in Redis */
    int64_t precedents_wait_ms; /* of findings, too */
    int tighten;                /* gl_calibration_by */
    int64_t tighten_least;
    int64_t findings_window_ms;
    gl_serve_conf serve;
} gl_classify_conf;

extern const gl_conf_table gl_classify_conf_table; /* section "classify" */
extern const gl_stage_def gl_classify_stage;
/* Of a stage that was opened: the service's port, 0: it has none. */
int gl_classify_port(const void *stage);

/* With the paths and the threshold of a configuration. */
gl_classifier *gl_classifier_of_conf(const gl_classify_conf *conf, gl_err *err);

#endif
