/* The HTTP service of classify: POST /v1/classify, POST /fpo-code-search (request and answer of the UK's parcel
 * classifier) and GET /v1/openapi.json. Off unless classify.listen says where.
 *
 * Always holds: it shares the stage's classifier and tariffs, which are read-only, and nothing else with the workers;
 * it answers on threads of its own, which have a lower priority, one question after the other; connections, bodies and
 * questions are bounded. Who may ask is lib/customs/access.h's. Thread: main starts, reloads and stops; its own answer.
 * Locks: one inside, around the table of submitters, and the desk's.
 */
#ifndef GL_CLASSIFY_SERVE_H
#define GL_CLASSIFY_SERVE_H

#include "base/conf.h"
#include "base/metrics.h"
#include "classify/classifier.h"
#include "classify/tariffs.h"
#include "io/http.h"

typedef struct gl_serve_conf {
    gl_http_conf http;        /* listen "": no service */
    const char *access;       /* file of submitters; "": senders are not authenticated */
    const char *facts;        /* file of what is asked back by (facts.h) */
    const char *terms;        /* file of the lexicon's terms (terms.h) */
    int64_t cache_entries;    /* answers kept */
    gl_tariffs_slot *tariffs; /* the caller's; not of this section; NULL: there are none */
} gl_serve_conf;

typedef struct gl_serve gl_serve;

/* The stage's definitions that it counts by: labels result, and code. */
enum { GL_SERVE_REPLIES, GL_SERVE_REFUSALS, GL_SERVE_METRIC_COUNT };
extern const gl_str gl_serve_openapi; /* docs/openapi-classify.json */

/* Do files and values fit? Errors: conf-value, http-tls, access-invalid, facts-invalid, terms-invalid ... (GL_FATAL).
 */
bool gl_serve_check(const gl_serve_conf *conf, gl_err *err);
/* The classifier stays the caller's and must outlive it; `metrics` may be NULL, `defs` are GL_SERVE_METRIC_COUNT. NULL:
 * see gl_serve_check, http-listen. */
gl_serve *gl_serve_start(const gl_serve_conf *conf, const gl_classifier *classifier, gl_metrics *metrics,
                         const gl_metric_def *defs, gl_err *err);
/* Certificates and submitters are read again; all or none. */
bool gl_serve_reload(gl_serve *serve, const gl_serve_conf *conf, gl_err *err);
void gl_serve_stop(gl_serve *serve);
int gl_serve_port(const gl_serve *serve);

#endif
