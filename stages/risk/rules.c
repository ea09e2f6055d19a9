/* See rules.h. Sets are counted under one mutex, taken twice a batch. */
#include "risk/rules.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct held {
    struct held *older;
    gl_risk_rules *rules;
    size_t holders; /* workers that have taken it */
} held;

/* Always holds: `newest` is in force; an older one has holders. */
struct gl_risk_rules_slot {
    pthread_mutex_t lock;
    held *newest;
};

gl_risk_rules *gl_risk_rules_new(gl_scorer *scorer, gl_lists *lists, gl_criteria *criteria)
{
    gl_risk_rules *rules = calloc(1, sizeof *rules);
    if (rules == NULL)
        abort();
    *rules = (gl_risk_rules){scorer, lists, criteria};
    return rules;
}

gl_risk_rules *gl_risk_rules_load(const char *model, const char *lists, const char *criteria, gl_err *err)
{
    gl_risk_rules *rules = gl_risk_rules_new(NULL, NULL, NULL);
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
    gl_criteria_destroy(rules->criteria);
    gl_lists_destroy(rules->lists);
    gl_scorer_destroy(rules->scorer);
    free(rules);
}

static held *hold(gl_risk_rules *rules, held *older)
{
    held *set = calloc(1, sizeof *set);
    if (set == NULL)
        abort();
    *set = (held){older, rules, 0};
    return set;
}

/* Takes the sets behind `newest` that nobody holds any more out of the list; returns them as a list. */
static held *unlink_idle(held *newest)
{
    held *idle = NULL;
    for (held *before = newest; before != NULL && before->older != NULL;) {
        held *set = before->older;
        if (set->holders > 0) {
            before = set;
            continue;
        }
        before->older = set->older;
        set->older = idle;
        idle = set;
    }
    return idle;
}

/* Outside the lock: freeing a model takes longer than a worker should wait. */
static void destroy_all(held *set)
{
    while (set != NULL) {
        held *older = set->older;
        gl_risk_rules_destroy(set->rules);
        free(set);
        set = older;
    }
}

gl_risk_rules_slot *gl_risk_rules_slot_new(gl_risk_rules *rules)
{
    gl_risk_rules_slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL || pthread_mutex_init(&slot->lock, NULL) != 0)
        abort();
    slot->newest = hold(rules, NULL);
    return slot;
}

void gl_risk_rules_slot_destroy(gl_risk_rules_slot *slot)
{
    if (slot == NULL)
        return;
    destroy_all(slot->newest);
    pthread_mutex_destroy(&slot->lock);
    free(slot);
}

void gl_risk_rules_swap(gl_risk_rules_slot *slot, gl_risk_rules *rules)
{
    pthread_mutex_lock(&slot->lock);
    slot->newest = hold(rules, slot->newest);
    held *idle = unlink_idle(slot->newest);
    pthread_mutex_unlock(&slot->lock);
    destroy_all(idle);
}

const gl_risk_rules *gl_risk_rules_take(gl_risk_rules_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    held *set = slot->newest;
    set->holders++;
    pthread_mutex_unlock(&slot->lock);
    return set->rules;
}

void gl_risk_rules_give(gl_risk_rules_slot *slot, const gl_risk_rules *rules)
{
    pthread_mutex_lock(&slot->lock);
    for (held *set = slot->newest; set != NULL; set = set->older)
        set->holders -= set->rules == rules;
    held *idle = unlink_idle(slot->newest);
    pthread_mutex_unlock(&slot->lock);
    destroy_all(idle);
}
