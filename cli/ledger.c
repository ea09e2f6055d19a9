/* See ledger.h. Two open-addressing tables, of declarations and of events; a key is never 0. */
#include "cli/ledger.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 1024, PARTITIONS_LIMIT = 65536 };
#define KEY_SET ((uint64_t)1 << 63)
/* What is younger is not missing yet: a technical hold comes on its own way, a little after its neighbours' decisions.
 */
#define SETTLE_US ((int64_t)10 * 1000 * 1000)

/* A declaration, through all its versions. */
typedef struct card {
    uint64_t key;                          /* with KEY_SET; 0: a free slot */
    uint64_t first, current;               /* contents: the first one accepted, and the one that stands */
    int64_t first_us, accepted_us, offset; /* of the one that stands, but for first_us */
    int64_t until_us;
    int32_t version, state_version;
    uint32_t submitter;
    uint16_t partition, effective, decisions; /* effective: versions accepted; decisions: caused by them */
    uint8_t outcome, state_outcome;
    bool in_day, accepted, held_by_state, bad_versions, bad_state, begun_anew;
    bool doubtful, kept; /* doubtful: `before` is of the content that stood until one came after the window; kept:
                            decide had not forgotten it then, since it was open, or decided within the window */
    char country[2], letter;
    struct {
        uint64_t current;
        int64_t accepted_us, offset;
        uint16_t partition;
        bool in_day;
    } before;
} card;

typedef struct note {
    uint64_t hash; /* of key, source and event id; 0: a free slot */
    uint64_t key;
    int64_t offset, received_us;
    uint32_t source;
    uint16_t partition, decisions;
    bool in_day, parked, dead;
} note;

typedef struct table {
    void *slots;
    size_t slot_bytes, capacity, count; /* count <= 3/4 capacity, a power of two */
} table;

typedef struct line {
    gl_ledger_line face;
    char *name;
} line;

struct gl_ledger {
    int64_t from_us, to_us, window_us, now_us;
    table cards, notes;
    line *lines;
    size_t line_count, line_capacity;
    gl_ledger_line *faces;           /* sorted, after close */
    int64_t *decided_to, *events_to; /* by partition: offset of the last accepted declaration (event) with a decision */
    uint32_t last_line;              /* most records have the submitter of the one before */
};

static void *grown(void *at, size_t bytes)
{
    void *more = realloc(at, bytes);
    if (more == NULL)
        abort();
    return more;
}

static void *zeroed(size_t count, size_t bytes)
{
    void *fresh = calloc(count, bytes);
    if (fresh == NULL)
        abort();
    return fresh;
}

/* --- tables --- */

static uint64_t spread(uint64_t x)
{
    x ^= x >> 31;
    x *= 0x9E3779B97F4A7C15u;
    return x ^ x >> 29;
}

static uint64_t key_at(const table *t, size_t i)
{
    uint64_t key;
    memcpy(&key, (const char *)t->slots + i * t->slot_bytes, sizeof key);
    return key;
}

/* The slot of `key`, or the free one where it belongs. */
static void *slot_of(const table *t, uint64_t key)
{
    size_t mask = t->capacity - 1, i = (size_t)spread(key) & mask;
    while (key_at(t, i) != 0 && key_at(t, i) != key)
        i = (i + 1) & mask;
    return (char *)t->slots + i * t->slot_bytes;
}

static void table_grow(table *t)
{
    table next = {NULL, t->slot_bytes, t->capacity == 0 ? FIRST_SLOTS : t->capacity * 2, t->count};
    next.slots = zeroed(next.capacity, next.slot_bytes);
    for (size_t i = 0; i < t->capacity; i++)
        if (key_at(t, i) != 0)
            memcpy(slot_of(&next, key_at(t, i)), (char *)t->slots + i * t->slot_bytes, t->slot_bytes);
    free(t->slots);
    *t = next;
}

/* NULL when it is not there. */
static void *table_find(const table *t, uint64_t key)
{
    void *slot = t->capacity == 0 ? NULL : slot_of(t, key);
    uint64_t found = 0;
    if (slot != NULL)
        memcpy(&found, slot, sizeof found);
    return found == key ? slot : NULL;
}

static void *table_add(table *t, uint64_t key)
{
    if (4 * (t->count + 1) > 3 * t->capacity)
        table_grow(t);
    void *slot = slot_of(t, key);
    memcpy(slot, &key, sizeof key);
    t->count++;
    return slot;
}

static card *card_of(const gl_ledger *ledger, uint64_t key)
{
    return table_find(&ledger->cards, key | KEY_SET);
}

static uint64_t hash_text(uint64_t hash, gl_str text)
{
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 0x100000001B3u;
    return spread(hash);
}

/* The same id of another source is another event. */
static uint64_t event_hash(uint64_t key, gl_str source, gl_str event_id)
{
    return hash_text(hash_text(0xCBF29CE484222325u ^ spread(key), source), event_id) | 1;
}

static note *note_of(const gl_ledger *ledger, uint64_t key, gl_str source, gl_str event_id)
{
    return table_find(&ledger->notes, event_hash(key, source, event_id));
}

/* --- submitters --- */

static uint32_t line_of(gl_ledger *ledger, gl_str submitter)
{
    if (ledger->last_line < ledger->line_count && gl_str_eq(ledger->lines[ledger->last_line].face.submitter, submitter))
        return ledger->last_line;
    for (uint32_t i = 0; i < ledger->line_count; i++)
        if (gl_str_eq(ledger->lines[i].face.submitter, submitter))
            return ledger->last_line = i;
    if (ledger->line_count == ledger->line_capacity) {
        ledger->line_capacity = ledger->line_capacity == 0 ? 16 : ledger->line_capacity * 2;
        ledger->lines = grown(ledger->lines, ledger->line_capacity * sizeof *ledger->lines);
    }
    line *fresh = &ledger->lines[ledger->line_count];
    *fresh = (line){.name = zeroed(submitter.len + 1, 1)};
    if (submitter.len > 0)
        memcpy(fresh->name, submitter.ptr, submitter.len);
    fresh->face.submitter = (gl_str){fresh->name, submitter.len};
    return ledger->last_line = (uint32_t)ledger->line_count++;
}

static void keep_mrn(card *c, gl_str mrn)
{
    bool whole = mrn.len == GL_MRN_CHARS;
    c->country[0] = whole ? mrn.ptr[2] : 'X';
    c->country[1] = whole ? mrn.ptr[3] : 'X';
    c->letter = whole ? mrn.ptr[GL_MRN_CHARS - 2] : 'R';
}

static void mrn_of(const card *c, char mrn[GL_MRN_CHARS + 1])
{
    uint8_t id[GL_DECLARATION_ID_BYTES] = {0};
    uint64_t bits = (c->key & ~KEY_SET) << 2;
    gl_family family = c->letter == 'A'   ? GL_FAMILY_EXPORT
                       : c->letter == 'T' ? GL_FAMILY_ENTRY_SUMMARY
                                          : GL_FAMILY_IMPORT;
    for (int i = 0; i < 8; i++)
        id[i] = (uint8_t)(bits >> (56 - 8 * i));
    gl_mrn_make(id, c->first_us, c->country, family, mrn);
}

static void differ(gl_ledger *ledger, const card *c, uint32_t who, gl_ledger_difference difference)
{
    gl_ledger_line *face = &ledger->lines[who].face;
    face->differences[difference]++;
    if (face->example_count == GL_LEDGER_EXAMPLES)
        return;
    gl_ledger_example *example = &face->examples[face->example_count++];
    example->difference = difference;
    if (c != NULL)
        mrn_of(c, example->mrn);
}

/* --- the records --- */

uint64_t gl_ledger_key(const uint8_t id[GL_DECLARATION_ID_BYTES])
{
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | id[i];
    return bits >> 2;
}

gl_ledger *gl_ledger_new(int64_t from_us, int64_t to_us, int64_t window_us, int64_t now_us)
{
    gl_ledger *ledger = zeroed(1, sizeof *ledger);
    *ledger = (gl_ledger){.from_us = from_us,
                          .to_us = to_us,
                          .window_us = window_us,
                          .now_us = now_us,
                          .cards.slot_bytes = sizeof(card),
                          .notes.slot_bytes = sizeof(note),
                          .decided_to = zeroed(PARTITIONS_LIMIT, sizeof(int64_t)),
                          .events_to = zeroed(PARTITIONS_LIMIT, sizeof(int64_t))};
    for (size_t i = 0; i < PARTITIONS_LIMIT; i++)
        ledger->decided_to[i] = ledger->events_to[i] = -1;
    return ledger;
}

void gl_ledger_destroy(gl_ledger *ledger)
{
    if (ledger == NULL)
        return;
    for (size_t i = 0; i < ledger->line_count; i++)
        free(ledger->lines[i].name);
    free(ledger->lines);
    free(ledger->faces);
    free(ledger->cards.slots);
    free(ledger->notes.slots);
    free(ledger->decided_to);
    free(ledger->events_to);
    free(ledger);
}

static bool in_day(const gl_ledger *ledger, int64_t at_us)
{
    return at_us >= ledger->from_us && at_us < ledger->to_us;
}

/* A new content stands from now on. */
static void stand(gl_ledger *ledger, card *c, const gl_ledger_accepted *what)
{
    c->current = what->digest;
    c->accepted_us = what->accepted_us;
    c->offset = what->offset;
    c->partition = (uint16_t)what->partition;
    c->in_day = in_day(ledger, what->accepted_us);
    c->effective++;
}

/* A further record of a declaration that is known: what becomes of it? */
static void accept_again(gl_ledger *ledger, card *c, const gl_ledger_accepted *what)
{
    gl_ledger_line *face = &ledger->lines[c->submitter].face;
    bool today = in_day(ledger, what->accepted_us);
    bool forgotten = what->accepted_us - c->accepted_us > ledger->window_us; /* then it begins anew */
    bool amends = what->amends && what->digest != c->current;
    if (forgotten && !amends) {
        c->doubtful = true;
        c->kept = false;
        c->before.current = c->current;
        c->before.accepted_us = c->accepted_us;
        c->before.offset = c->offset;
        c->before.partition = c->partition;
        c->before.in_day = c->in_day;
    }
    if (forgotten || amends) {
        face->superseded += c->in_day;
        c->begun_anew = c->begun_anew || forgotten;
        stand(ledger, c, what);
    } else if (what->digest == c->current) {
        face->duplicate += today;
    } else if (what->digest == c->first) {
        face->superseded += today; /* an older version after a newer one */
    } else {
        face->outcomes[GL_LEDGER_REFUSED] += today; /* its LRN was used for another one */
    }
}

/* decide counts the window from the last decision, and does not forget what is open. A decision says which it was. */
static void settle_doubt(const gl_ledger *ledger, card *c, const gl_ledger_decision *what)
{
    if (what->by_declaration && what->accepted_us == c->accepted_us)
        c->doubtful = false;
    else if (what->decided_us <= c->accepted_us)
        c->kept = what->outcome == GL_LEDGER_HELD || c->accepted_us - what->decided_us <= ledger->window_us;
}

/* What came after the window was not decided, since decide still knew the one before: that one stands. */
static void stand_as_before(gl_ledger *ledger, card *c)
{
    gl_ledger_line *face = &ledger->lines[c->submitter].face;
    face->superseded -= c->before.in_day;
    if (c->current == c->before.current)
        face->duplicate += c->in_day;
    else if (c->current == c->first)
        face->superseded += c->in_day;
    else
        face->outcomes[GL_LEDGER_REFUSED] += c->in_day;
    c->current = c->before.current;
    c->accepted_us = c->before.accepted_us;
    c->offset = c->before.offset;
    c->partition = c->before.partition;
    c->in_day = c->before.in_day;
    c->effective--;
    c->doubtful = false;
}

void gl_ledger_accept(gl_ledger *ledger, const gl_ledger_accepted *what)
{
    if (what->redriven)
        return;
    uint32_t who = line_of(ledger, what->submitter);
    ledger->lines[who].face.accepted += in_day(ledger, what->accepted_us);
    card *c = card_of(ledger, what->key);
    if (c != NULL) {
        accept_again(ledger, c, what);
        return;
    }
    c = table_add(&ledger->cards, what->key | KEY_SET);
    c->accepted = true;
    c->submitter = who;
    c->first = what->digest;
    c->first_us = what->accepted_us;
    keep_mrn(c, what->mrn);
    stand(ledger, c, what);
}

void gl_ledger_reject(gl_ledger *ledger, gl_str submitter, int64_t rejected_us, bool event)
{
    gl_ledger_line *face = &ledger->lines[line_of(ledger, submitter)].face;
    *(event ? &face->rejected_events : &face->rejected) += in_day(ledger, rejected_us);
}

void gl_ledger_event_in(gl_ledger *ledger, const gl_ledger_event *what)
{
    if (what->redriven)
        return;
    uint32_t who = line_of(ledger, what->source);
    bool today = in_day(ledger, what->received_us);
    ledger->lines[who].face.events += today;
    if (note_of(ledger, what->key, what->source, what->event_id) != NULL) {
        ledger->lines[who].face.events_repeated += today;
        return;
    }
    note *n = table_add(&ledger->notes, event_hash(what->key, what->source, what->event_id));
    n->key = what->key;
    n->offset = what->offset;
    n->received_us = what->received_us;
    n->source = who;
    n->partition = (uint16_t)what->partition;
    n->in_day = today;
}

void gl_ledger_event_parked(gl_ledger *ledger, uint64_t key, gl_str source, gl_str event_id)
{
    note *n = note_of(ledger, key, source, event_id);
    if (n != NULL)
        n->parked = true;
}

void gl_ledger_event_dead(gl_ledger *ledger, uint64_t key, gl_str source, gl_str event_id)
{
    note *n = note_of(ledger, key, source, event_id);
    if (n != NULL)
        n->dead = true;
}

/* An event of its own has one decision; `to` is how far the events of a partition have come. */
static void decide_event(gl_ledger *ledger, const gl_ledger_decision *what)
{
    note *n = what->event_id.len == 0 ? NULL : note_of(ledger, what->key, what->event_source, what->event_id);
    if (n == NULL)
        return;
    if (n->decisions++ == 1)
        differ(ledger, card_of(ledger, n->key), n->source, GL_LEDGER_EVENT_TWICE);
    if (n->offset > ledger->events_to[n->partition])
        ledger->events_to[n->partition] = n->offset;
}

void gl_ledger_decide(gl_ledger *ledger, const gl_ledger_decision *what)
{
    card *c = card_of(ledger, what->key);
    bool later = what->decided_us > ledger->now_us; /* of what may have been accepted after its topic was read */
    if (c == NULL && (later || what->accepted_us > ledger->now_us))
        return;
    if (c == NULL) {
        c = table_add(&ledger->cards, what->key | KEY_SET);
        c->submitter = line_of(ledger, what->submitter);
        c->first_us = what->accepted_us;
        keep_mrn(c, what->mrn);
        if (!what->first_of_partition_is_gone)
            differ(ledger, c, c->submitter, GL_LEDGER_UNKNOWN);
    }
    if (c->doubtful)
        settle_doubt(ledger, c, what);
    if (what->version == 1 && c->begun_anew && what->by_declaration) /* its first clearance was removed by then */
        c->version = 0;
    bool fits = what->version == c->version + 1 || (c->version == 0 && what->first_of_partition_is_gone);
    if (!fits && !c->bad_versions) {
        c->bad_versions = true;
        differ(ledger, c, c->submitter, GL_LEDGER_VERSIONS);
    }
    if (what->version > c->version) {
        c->version = what->version;
        c->outcome = (uint8_t)what->outcome;
        c->until_us = what->until_us;
    }
    decide_event(ledger, what);
    if (!what->by_declaration || (later && c->decisions >= c->effective))
        return;
    if (c->accepted && ++c->decisions == c->effective + 1)
        differ(ledger, c, c->submitter, GL_LEDGER_EXTRA);
    /* Only the last of several versions tells how far its partition has come. */
    if (c->accepted && c->decisions >= c->effective && c->offset > ledger->decided_to[c->partition])
        ledger->decided_to[c->partition] = c->offset;
}

void gl_ledger_state(gl_ledger *ledger, uint64_t key, int64_t decided_us, int32_t version, gl_ledger_outcome outcome,
                     int64_t until_us, bool gone)
{
    card *c = card_of(ledger, key);
    if (c == NULL)
        return;
    c->held_by_state = !gone && version == 0 && outcome == GL_LEDGER_HELD;
    if (c->held_by_state && c->version == 0)
        c->until_us = until_us;
    c->state_version = version;
    c->state_outcome = (uint8_t)outcome;
    c->bad_state = !gone && decided_us <= ledger->now_us && version > 0 &&
                   (version != c->version || (uint8_t)outcome != c->outcome);
}

/* --- the balance --- */

/* Released, held or refused, or held for a technical reason; else open. */
static gl_ledger_outcome outcome_of(const card *c)
{
    if (c->version > 0)
        return (gl_ledger_outcome)c->outcome;
    return c->held_by_state ? GL_LEDGER_HELD : GL_LEDGER_OPEN;
}

static void close_card(gl_ledger *ledger, card *c)
{
    if (c->doubtful && c->kept)
        stand_as_before(ledger, c);
    gl_ledger_line *face = &ledger->lines[c->submitter].face;
    if (c->bad_state)
        differ(ledger, c, c->submitter, GL_LEDGER_STATE);
    if (!c->accepted || !c->in_day)
        return;
    gl_ledger_outcome outcome = outcome_of(c);
    bool missing = outcome == GL_LEDGER_OPEN && ledger->now_us - c->accepted_us > SETTLE_US &&
                   c->offset < ledger->decided_to[c->partition];
    *(missing ? &face->missing : &face->outcomes[outcome]) += 1;
    if (missing)
        differ(ledger, c, c->submitter, GL_LEDGER_MISSING);
}

static void close_note(gl_ledger *ledger, const note *n)
{
    gl_ledger_line *face = &ledger->lines[n->source].face;
    if (!n->in_day)
        return;
    if (n->decisions > 0)
        face->events_decided++;
    else if (n->dead)
        face->events_dead++;
    else if (n->parked)
        face->events_parked++;
    else
        face->events_open++;
    bool lost = n->decisions == 0 && ledger->now_us - n->received_us > SETTLE_US && !n->dead && !n->parked &&
                n->offset < ledger->events_to[n->partition];
    if (lost)
        differ(ledger, card_of(ledger, n->key), n->source, GL_LEDGER_EVENT_LOST);
}

static int by_name(const void *a, const void *b)
{
    gl_str x = ((const gl_ledger_line *)a)->submitter, y = ((const gl_ledger_line *)b)->submitter;
    int order = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);
    return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

void gl_ledger_close(gl_ledger *ledger)
{
    for (size_t i = 0; i < ledger->cards.capacity; i++)
        if (key_at(&ledger->cards, i) != 0)
            close_card(ledger, (card *)ledger->cards.slots + i);
    for (size_t i = 0; i < ledger->notes.capacity; i++)
        if (key_at(&ledger->notes, i) != 0)
            close_note(ledger, (const note *)ledger->notes.slots + i);
    ledger->faces = zeroed(ledger->line_count + 1, sizeof *ledger->faces);
    for (size_t i = 0; i < ledger->line_count; i++)
        ledger->faces[i] = ledger->lines[i].face;
    qsort(ledger->faces, ledger->line_count, sizeof *ledger->faces, by_name);
}

const gl_ledger_line *gl_ledger_lines(const gl_ledger *ledger, size_t *count)
{
    *count = ledger->line_count;
    return ledger->faces;
}

bool gl_ledger_balances(const gl_ledger *ledger)
{
    for (size_t i = 0; i < ledger->line_count; i++)
        for (size_t d = 0; d < GL_LEDGER_DIFFERENCES; d++)
            if (ledger->lines[i].face.differences[d] > 0)
                return false;
    return true;
}

void gl_ledger_overdues(const gl_ledger *ledger, int64_t limit_us,
                        bool (*each)(void *context, const gl_ledger_overdue *overdue), void *context)
{
    for (size_t i = 0; i < ledger->cards.capacity; i++) {
        const card *c = (const card *)ledger->cards.slots + i;
        gl_ledger_outcome outcome = outcome_of(c);
        bool waits = c->accepted && outcome == GL_LEDGER_OPEN && ledger->now_us - c->accepted_us > limit_us;
        bool late = outcome == GL_LEDGER_HELD && c->until_us > 0 && c->until_us < ledger->now_us;
        if (c->key == 0 || (!waits && !late))
            continue;
        gl_ledger_overdue overdue = {.submitter = ledger->lines[c->submitter].face.submitter,
                                     .held = late,
                                     .since_us = late ? c->until_us : c->accepted_us};
        mrn_of(c, overdue.mrn);
        if (!each(context, &overdue))
            return;
    }
}

const char *gl_ledger_difference_name(gl_ledger_difference difference)
{
    static const char *const names[GL_LEDGER_DIFFERENCES] = {"missing", "versions",   "extra",      "unknown",
                                                             "state",   "event-lost", "event-twice"};
    return names[difference];
}

const char *gl_ledger_difference_text(gl_ledger_difference difference)
{
    static const char *const texts[GL_LEDGER_DIFFERENCES] = {
        "accepted, without decision or hold, while later ones of its partition are decided",
        "decision versions are doubled, left out or out of order",
        "more decisions than versions were accepted",
        "decided, never accepted",
        "the clearance's state disagrees with its last decision",
        "an event without decision, while later ones of its partition have theirs",
        "an event with several decisions"};
    return texts[difference];
}
