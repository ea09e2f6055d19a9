/* The policy: what decides, besides the declaration: thresholds and rates of each office, limits, exchange rates, the
 * keys of the draws.
 *
 * Always holds: a policy is immutable; a reload makes a new one and swaps (gl_decide_policy_ref / unref); `version` of
 * an office is a digest of everything in the policy that a decision of that office depends on and that its record does
 * not name by itself (the exchange rates and the seed epoch have versions of their own).
 */
#ifndef DECIDE_POLICY_H
#define DECIDE_POLICY_H

#include "base/conf.h"
#include "customs/money.h"
#include "customs/rates.h"
#include "decide/draw.h"

typedef enum gl_lane {
    GL_LANE_RED,
    GL_LANE_YELLOW,
    GL_LANE_BLUE,
    GL_LANE_GREEN
} gl_lane; /* the schema's order: the lower, the stricter */

/* Section "decide". */
typedef struct gl_decide_conf {
    bool shadow;
    int64_t idempotency_window_ms;
    const char *exchange_rates;
    const char *seed_epoch;
    const char *c07_limit, *c08_limit;
    const char *do_not_load;
    int technical_lane;
    int64_t technical_within_ms;
    int64_t parking_deadline_ms;
    int64_t view_ttl_ms;
} gl_decide_conf;

/* Section "offices", one entry an office. */
typedef struct gl_office_conf {
    const char *id;
    int64_t red_ppm, yellow_ppm, blue_ppm;
    int64_t min_random_rate_ppm;
    int random_lane, unscored_lane, degraded_lane;
    const char *examination_place;
    int64_t examination_within_ms, documents_within_ms;
    bool shadow, stopped;
} gl_office_conf;

/* Section "seeds", one entry an epoch. */
typedef struct gl_seed_conf {
    const char *epoch, *key, *key_file;
} gl_seed_conf;

extern const gl_conf_table gl_decide_conf_table, gl_office_conf_table, gl_seed_conf_table;

typedef struct gl_office {
    gl_str id; /* "*": the default */
    int32_t red_ppm, yellow_ppm, blue_ppm, min_random_rate_ppm;
    gl_lane random_lane, unscored_lane, degraded_lane;
    gl_str examination_place; /* empty: the office itself */
    int64_t examination_within_us, documents_within_us;
    bool shadow, stopped; /* shadow: of the office or of all */
    char version[17];
} gl_office;

typedef struct gl_decide_policy gl_decide_policy;

/* Errors (GL_FATAL): policy-office, policy-thresholds, policy-seed, policy-limit, rates-..., conf of the files. The
 * caller owns one reference. */
gl_decide_policy *gl_decide_policy_new(const gl_conf *conf, gl_err *err);
/* Thread: any. */
gl_decide_policy *gl_decide_policy_ref(gl_decide_policy *policy);
void gl_decide_policy_unref(gl_decide_policy *policy);

/* The policy of an office, or of "*" when it has none of its own. */
const gl_office *gl_decide_policy_office(const gl_decide_policy *policy, gl_str id);
const gl_rates *gl_decide_policy_rates(const gl_decide_policy *policy);
gl_decimal gl_decide_policy_c07_limit(const gl_decide_policy *policy);
gl_decimal gl_decide_policy_c08_limit(const gl_decide_policy *policy);
/* Does a selected hit of the criterion refuse an entry summary: do not load? */
bool gl_decide_policy_do_not_load(const gl_decide_policy *policy, gl_str criterion);
gl_str gl_decide_policy_seed_epoch(const gl_decide_policy *policy);
/* NULL when no seed of that epoch is configured. */
const gl_hmac_key *gl_decide_policy_key(const gl_decide_policy *policy, gl_str epoch);
/* True when the draws use the key that everybody knows. */
bool gl_decide_policy_has_development_key(const gl_decide_policy *policy);
int64_t gl_decide_policy_window_us(const gl_decide_policy *policy);
gl_lane gl_decide_policy_technical_lane(const gl_decide_policy *policy);
int64_t gl_decide_policy_technical_within_us(const gl_decide_policy *policy);
int64_t gl_decide_policy_parking_us(const gl_decide_policy *policy);
int64_t gl_decide_policy_view_ttl_ms(const gl_decide_policy *policy);

#endif
