/* Rules are swapped while workers use them: run under ThreadSanitizer, hence its own main(). */
#include "risk/rules.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 3, SWAPS = 5, TAKES = 200 };

static gl_risk_rules_slot *slot;
static atomic_int failures;
static atomic_int finished;

static gl_risk_rules *load(void)
{
    gl_err err = {0};
    gl_risk_rules *rules = gl_risk_rules_load(GL_SOURCE_DIR "/models/risk", GL_SOURCE_DIR "/config/lists",
                                              GL_SOURCE_DIR "/config/criteria/default.yaml", &err);
    if (rules == NULL) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    return rules;
}

static void *work(void *context)
{
    (void)context;
    for (int i = 0; i < TAKES || atomic_load(&finished) == 0; i++) {
        const gl_risk_rules *rules = gl_risk_rules_take(slot);
        if (gl_criteria_count(rules->criteria) == 0 || gl_lists_count(rules->lists) == 0 ||
            gl_feature_count(gl_scorer_features(rules->scorer)) == 0)
            atomic_fetch_add(&failures, 1);
        gl_risk_rules_give(slot, rules);
        sched_yield();
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[WORKERS];
    gl_err err = {0};
    slot = gl_risk_rules_slot_new(load());
    for (int i = 0; i < WORKERS; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            abort();
    for (int i = 0; i < SWAPS; i++)
        gl_risk_rules_swap(slot, load());
    if (gl_risk_rules_load(GL_SOURCE_DIR "/models/risk", GL_SOURCE_DIR "/config/lists", "/no/such/file.yaml", &err) !=
        NULL)
        atomic_fetch_add(&failures, 1);
    atomic_store(&finished, 1);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    gl_risk_rules_slot_destroy(slot);
    printf("%d failures\n", atomic_load(&failures));
    return atomic_load(&failures) != 0;
}
