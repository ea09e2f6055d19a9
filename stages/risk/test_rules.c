/* Rules are swapped while workers use them: run under ThreadSanitizer, hence its own main(). Without a model:
 * libxgboost's OpenMP is not built for ThreadSanitizer. */
#include "risk/rules.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 3, SWAPS = 200, TAKES = 500 };

static gl_risk_rules_slot *slot;
static atomic_int failures;
static atomic_int finished;

static gl_risk_rules *load(void)
{
    gl_err err = {0};
    gl_lists *lists = gl_lists_load(GL_SOURCE_DIR "/config/lists", &err);
    gl_criteria *criteria =
        lists == NULL ? NULL : gl_criteria_load(GL_SOURCE_DIR "/config/criteria/default.yaml", lists, &err);
    if (criteria == NULL) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    return gl_risk_rules_new(NULL, lists, criteria);
}

static void *work(void *context)
{
    (void)context;
    for (int i = 0; i < TAKES || atomic_load(&finished) == 0; i++) {
        const gl_risk_rules *rules = gl_risk_rules_take(slot);
        if (gl_criteria_count(rules->criteria) == 0 || gl_lists_count(rules->lists) == 0)
            atomic_fetch_add(&failures, 1);
        sched_yield();
        if (gl_list_entry_count(gl_lists_at(rules->lists, 0)) == 0)
            atomic_fetch_add(&failures, 1);
        gl_risk_rules_give(slot, rules);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[WORKERS];
    gl_err err = {0};
    slot = gl_risk_rules_slot_new(load());
    const gl_risk_rules *first = gl_risk_rules_take(slot);
    for (int i = 0; i < WORKERS; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            abort();
    for (int i = 0; i < SWAPS; i++)
        gl_risk_rules_swap(slot, load());
    /* The first set outlives all swaps while it is held. */
    if (gl_criteria_count(first->criteria) == 0 ||
        gl_risk_rules_load("/no/model", "/no/lists", "/no/file", &err) != NULL)
        atomic_fetch_add(&failures, 1);
    gl_risk_rules_give(slot, first);
    atomic_store(&finished, 1);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    gl_risk_rules_slot_destroy(slot);
    printf("%d failures\n", atomic_load(&failures));
    return atomic_load(&failures) != 0;
}
