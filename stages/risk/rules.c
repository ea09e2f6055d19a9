/* See rules.h. Sets are counted under one mutex, taken twice a batch. */
#include "risk/rules.h"

#include <pthread.h>
#include <stdlib.h>

/* The set is the first member, so a holder's pointer leads back to its count. */
typedef struct held {
    gl_risk_rules rules;
    size_t holders; /* the slot itself counts as one */
} held;

struct gl_risk_rules_slot {
    pthread_mutex_t lock;
    held *now;
};

static void release_parts(gl_risk_rules *rules)
{
    gl_criteria_destroy(rules->criteria);
    gl_lists_destroy(rules->lists);
    gl_scorer_destroy(rules->scorer);
}

gl_risk_rules *gl_risk_rules_load(const char *model, const char *lists, const char *criteria, gl_err *err)
{
    held *set = calloc(1, sizeof *set);
    if (set == NULL)
        abort();
    gl_risk_rules *rules = &set->rules;
    set->holders = 1;
    if ((rules->scorer = gl_scorer_load(model, err)) != NULL && (rules->lists = gl_lists_load(lists, err)) != NULL &&
        (rules->criteria = gl_criteria_load(criteria, rules->lists, err)) != NULL)
        return rules;
    gl_risk_rules_destroy(rules);
    return NULL;
}

void gl_risk_rules_destroy(gl_risk_rules *rules)
{
    if (rules == NULL)
        return;
    release_parts(rules);
    free(rules);
}

gl_risk_rules_slot *gl_risk_rules_slot_new(gl_risk_rules *rules)
{
    gl_risk_rules_slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL || pthread_mutex_init(&slot->lock, NULL) != 0)
        abort();
    slot->now = (held *)rules;
    return slot;
}

void gl_risk_rules_slot_destroy(gl_risk_rules_slot *slot)
{
    if (slot == NULL)
        return;
    gl_risk_rules_destroy(&slot->now->rules);
    pthread_mutex_destroy(&slot->lock);
    free(slot);
}

/* Destroys outside the lock: freeing a model takes longer than a worker should wait. */
static void let_go(gl_risk_rules_slot *slot, held *set, held *instead)
{
    pthread_mutex_lock(&slot->lock);
    bool last = --set->holders == 0;
    if (instead != NULL)
        slot->now = instead;
    pthread_mutex_unlock(&slot->lock);
    if (last)
        gl_risk_rules_destroy(&set->rules);
}

void gl_risk_rules_swap(gl_risk_rules_slot *slot, gl_risk_rules *rules)
{
    let_go(slot, slot->now, (held *)rules);
}

const gl_risk_rules *gl_risk_rules_take(gl_risk_rules_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    held *set = slot->now;
    set->holders++;
    pthread_mutex_unlock(&slot->lock);
    return &set->rules;
}

void gl_risk_rules_give(gl_risk_rules_slot *slot, const gl_risk_rules *rules)
{
    let_go(slot, (held *)(uintptr_t)rules, NULL);
}
