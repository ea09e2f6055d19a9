/* See policy.h. */
#include "decide/policy.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

enum { US_PER_MS = 1000, KEY_LEAST_BYTES = 16, KEY_FILE_LIMIT_BYTES = 4096 };

static const char *const LANES[] = {"RED", "YELLOW", "BLUE", "GREEN", NULL};
/* For a laptop and the demo only: with it anybody can foresee every draw. */
static const char DEVELOPMENT_EPOCH[] = "development";
static const char DEVELOPMENT_KEY[] = "greenlane development key, known to everybody";

static const gl_conf_entry DECIDE_ENTRIES[] = {
    {"shadow", GL_CONF_BOOL, offsetof(gl_decide_conf, shadow), "false", GL_CONF_RELOADABLE, 0, 0, NULL,
     "Decide, but release nothing: what would be released is held with the reason shadow, and the record says what was "
     "intended."},
    {"idempotency_window", GL_CONF_DURATION, offsetof(gl_decide_conf, idempotency_window_ms), "30d", GL_CONF_RELOADABLE,
     60000, 0, NULL,
     "How long an LRN stays taken after its clearance ended (its last decision). Then the clearance is removed, about "
     "2 kB each, and the same LRN is a new declaration. An open clearance stays until it ends."},
    {"exchange_rates", GL_CONF_STRING, offsetof(gl_decide_conf, exchange_rates), NULL,
     GL_CONF_RELOADABLE | GL_CONF_FILE | GL_CONF_REQUIRED, 0, 0, NULL,
     "YAML file with the day and the euro for one unit of each currency; read again at SIGHUP."},
    {"seed_epoch", GL_CONF_STRING, offsetof(gl_decide_conf, seed_epoch), "", GL_CONF_RELOADABLE, 0, 0, NULL,
     "Which of `seeds` the draws use. Empty: the last one; without seeds a development key that everybody knows, with "
     "a warning."},
    {"c07_limit", GL_CONF_STRING, offsetof(gl_decide_conf, c07_limit), "150", GL_CONF_RELOADABLE, 0, 0, NULL,
     "Largest intrinsic value for C07, in euro."},
    {"c08_limit", GL_CONF_STRING, offsetof(gl_decide_conf, c08_limit), "45", GL_CONF_RELOADABLE, 0, 0, NULL,
     "Largest intrinsic value for C08 (gifts between private individuals), in euro."},
    {"do_not_load", GL_CONF_STRING, offsetof(gl_decide_conf, do_not_load), "", GL_CONF_RELOADABLE, 0, 0, NULL,
     "Ids of criteria, with spaces between: an entry summary declaration that one of them selects is refused at once, "
     "the "
     "goods must not be loaded (IE3Q01). Empty: only an officer says that."},
    {"technical_lane", GL_CONF_ENUM, offsetof(gl_decide_conf, technical_lane), "YELLOW", GL_CONF_RELOADABLE, 0, 0,
     LANES, "Lane of an accepted declaration that could not be processed and is held for that."},
    {"technical_within", GL_CONF_DURATION, offsetof(gl_decide_conf, technical_within_ms), "24h", GL_CONF_RELOADABLE, 0,
     0, NULL, "By when a technical hold is to be settled: the deadline in its notification."},
    {"parking_deadline", GL_CONF_DURATION, offsetof(gl_decide_conf, parking_deadline_ms), "10m", GL_CONF_RELOADABLE,
     1000, 0, NULL,
     "How long an event that came before its declaration waits for it; then it goes to the dead letters as "
     "event-orphaned."},
    {"view_ttl", GL_CONF_DURATION, offsetof(gl_decide_conf, view_ttl_ms), "30d", GL_CONF_RELOADABLE, 0, 0, NULL,
     "How long the status view of a closed clearance stays in Redis after its last change: a status asked for later is "
     "404. 0: until decide.idempotency_window is over, which is the longest. The view of an open one stays."},
};
const gl_conf_table gl_decide_conf_table = {
    "decide", "The decision stage.", sizeof(gl_decide_conf),
    false,    DECIDE_ENTRIES,        sizeof DECIDE_ENTRIES / sizeof *DECIDE_ENTRIES};

static const gl_conf_entry OFFICE_ENTRIES[] = {
    {"id", GL_CONF_STRING, offsetof(gl_office_conf, id), NULL, GL_CONF_RELOADABLE | GL_CONF_REQUIRED, 0, 0, NULL,
     "Customs office as declarations name it; \"*\" is the policy of all offices without one. Each entry stands alone: "
     "what it leaves "
     "out has the default given here, not the value of \"*\"."},
    {"red", GL_CONF_PPM, offsetof(gl_office_conf, red_ppm), "90%", GL_CONF_RELOADABLE, 0, 0, NULL,
     "Scores from here on are RED: examination of the goods."},
    {"yellow", GL_CONF_PPM, offsetof(gl_office_conf, yellow_ppm), "70%", GL_CONF_RELOADABLE, 0, 0, NULL,
     "Scores from here on are YELLOW: documents are to be sent."},
    {"blue", GL_CONF_PPM, offsetof(gl_office_conf, blue_ppm), "50%", GL_CONF_RELOADABLE, 0, 0, NULL,
     "Scores from here on are BLUE: released, with an audit after clearance."},
    {"min_random_rate", GL_CONF_PPM, offsetof(gl_office_conf, min_random_rate_ppm), "0.2%", GL_CONF_RELOADABLE, 0, 0,
     NULL, "Share of all declarations selected at random, by the keyed draw \"random\", whatever their score."},
    {"random_lane", GL_CONF_ENUM, offsetof(gl_office_conf, random_lane), "RED", GL_CONF_RELOADABLE, 0, 0, LANES,
     "Lane of what is selected at random."},
    {"unscored_lane", GL_CONF_ENUM, offsetof(gl_office_conf, unscored_lane), "GREEN", GL_CONF_RELOADABLE, 0, 0, LANES,
     "Least strict lane of a declaration outside the risk model's domain; criteria and the random draw still apply."},
    {"degraded_lane", GL_CONF_ENUM, offsetof(gl_office_conf, degraded_lane), "GREEN", GL_CONF_RELOADABLE, 0, 0, LANES,
     "Least strict lane of a declaration that was classified or assessed while a dependency was missing."},
    {"examination_place", GL_CONF_STRING, offsetof(gl_office_conf, examination_place), "", GL_CONF_RELOADABLE, 0, 0,
     NULL, "Where goods are examined, for the hold notice. Empty: the office itself."},
    {"examination_within", GL_CONF_DURATION, offsetof(gl_office_conf, examination_within_ms), "72h", GL_CONF_RELOADABLE,
     0, 0, NULL, "How long after the decision the goods are examined at the latest."},
    {"documents_within", GL_CONF_DURATION, offsetof(gl_office_conf, documents_within_ms), "10d", GL_CONF_RELOADABLE, 0,
     0, NULL, "How long the sender has to send what is asked for."},
    {"shadow", GL_CONF_BOOL, offsetof(gl_office_conf, shadow), "false", GL_CONF_RELOADABLE, 0, 0, NULL,
     "Shadow mode of this office only."},
    {"stopped", GL_CONF_BOOL, offsetof(gl_office_conf, stopped), "false", GL_CONF_RELOADABLE, 0, 0, NULL,
     "The stop: nothing is released automatically at this office; what would be is held with the reason "
     "office-stopped."},
};
const gl_conf_table gl_office_conf_table = {
    "offices",      "Rates and thresholds of each customs office.", sizeof(gl_office_conf), true,
    OFFICE_ENTRIES, sizeof OFFICE_ENTRIES / sizeof *OFFICE_ENTRIES};

static const gl_conf_entry SEED_ENTRIES[] = {
    {"epoch", GL_CONF_STRING, offsetof(gl_seed_conf, epoch), NULL, GL_CONF_RELOADABLE | GL_CONF_REQUIRED, 0, 0, NULL,
     "Name of the key, recorded with each decision. Keep the keys of past epochs: without them a decision's draws "
     "cannot be repeated."},
    {"key", GL_CONF_STRING, offsetof(gl_seed_conf, key), "", GL_CONF_RELOADABLE | GL_CONF_SECRET, 0, 0, NULL,
     "The key itself, at least 16 bytes; take it from the environment: ${GL_SEED_KEY}."},
    {"key_file", GL_CONF_STRING, offsetof(gl_seed_conf, key_file), "", GL_CONF_RELOADABLE | GL_CONF_FILE, 0, 0, NULL,
     "File with the key; white space at its end does not count."},
};
const gl_conf_table gl_seed_conf_table = {
    "seeds",      "Keys of the draws, one entry an epoch.",  sizeof(gl_seed_conf), true,
    SEED_ENTRIES, sizeof SEED_ENTRIES / sizeof *SEED_ENTRIES};

typedef struct seed {
    gl_str epoch;
    gl_hmac_key key;
} seed;

struct gl_decide_policy {
    atomic_int references;
    gl_arena *arena;
    gl_office *offices; /* by id */
    size_t office_count;
    const gl_office *any; /* the office "*" */
    seed *seeds;
    size_t seed_count;
    gl_str seed_epoch;
    bool development_key;
    const gl_rates *rates;
    gl_decimal c07_limit, c08_limit;
    gl_str do_not_load; /* ids, a space before and behind each */
    int64_t window_us, technical_within_us, parking_us, view_ttl_ms;
    gl_lane technical_lane;
};

static gl_str copy(gl_arena *arena, const char *text)
{
    size_t len = strlen(text);
    return (gl_str){gl_arena_strndup(arena, text, len), len};
}

static int by_id(const void *a, const void *b)
{
    gl_str left = ((const gl_office *)a)->id, right = ((const gl_office *)b)->id;
    size_t least = left.len < right.len ? left.len : right.len;
    int order = least == 0 ? 0 : memcmp(left.ptr, right.ptr, least);
    return order != 0 ? order : (left.len > right.len) - (left.len < right.len);
}

/* Everything a decision of the office hangs on, one value a line, in a fixed order. */
static void set_version(gl_office *office, const gl_office_conf *conf, const gl_decide_conf *decide, gl_arena *arena)
{
    const char *text = gl_arena_printf(
        arena,
        "red %" PRId32 "\nyellow %" PRId32 "\nblue %" PRId32 "\nrandom %" PRId32
        " %d\nunscored %d\ndegraded %d\nplace %s\nexamination %" PRId64 "\ndocuments %" PRId64
        "\nshadow %d\nstopped %d\nc07 %s\nc08 %s\n%s%s",
        office->red_ppm, office->yellow_ppm, office->blue_ppm, office->min_random_rate_ppm, (int)office->random_lane,
        (int)office->unscored_lane, (int)office->degraded_lane, conf->examination_place, office->examination_within_us,
        office->documents_within_us, office->shadow, office->stopped, decide->c07_limit, decide->c08_limit,
        decide->do_not_load[0] == '\0' ? "" : "do not load ", decide->do_not_load); /* as before, where there is none */
    uint8_t digest[GL_SHA256_BYTES];
    gl_sha256(gl_str_of(text), digest);
    gl_hex(digest, 8, office->version);
}

static bool read_office(gl_decide_policy *policy, const gl_office_conf *conf, const gl_decide_conf *decide,
                        gl_office *office, gl_err *err)
{
    if (conf->red_ppm < conf->yellow_ppm || conf->yellow_ppm < conf->blue_ppm)
        return gl_fail(err, GL_FATAL, "policy-thresholds",
                       "offices: %s: red must not be below yellow, nor yellow below blue", conf->id);
    *office = (gl_office){
        .id = copy(policy->arena, conf->id),
        .red_ppm = (int32_t)conf->red_ppm,
        .yellow_ppm = (int32_t)conf->yellow_ppm,
        .blue_ppm = (int32_t)conf->blue_ppm,
        .min_random_rate_ppm = (int32_t)conf->min_random_rate_ppm,
        .random_lane = (gl_lane)conf->random_lane,
        .unscored_lane = (gl_lane)conf->unscored_lane,
        .degraded_lane = (gl_lane)conf->degraded_lane,
        .examination_place = copy(policy->arena, conf->examination_place),
        .examination_within_us = conf->examination_within_ms * US_PER_MS,
        .documents_within_us = conf->documents_within_ms * US_PER_MS,
        .shadow = conf->shadow || decide->shadow,
        .stopped = conf->stopped,
    };
    set_version(office, conf, decide, policy->arena);
    return true;
}

static bool read_offices(gl_decide_policy *policy, const gl_conf *conf, const gl_decide_conf *decide, gl_err *err)
{
    size_t count;
    const gl_office_conf *list = gl_conf_list(conf, gl_office_conf_table.section, &count);
    policy->offices = GL_NEW_N(policy->arena, gl_office, count);
    for (size_t i = 0; i < count; i++)
        if (!read_office(policy, &list[i], decide, &policy->offices[policy->office_count++], err))
            return false;
    qsort(policy->offices, policy->office_count, sizeof *policy->offices, by_id);
    for (size_t i = 1; i < policy->office_count; i++)
        if (gl_str_eq(policy->offices[i - 1].id, policy->offices[i].id))
            return gl_fail(err, GL_FATAL, "policy-office", "offices: %.*s is there twice",
                           GL_STR_ARG(policy->offices[i].id));
    gl_office any = {.id = GL_STR("*")};
    policy->any = bsearch(&any, policy->offices, policy->office_count, sizeof any, by_id);
    if (policy->any == NULL)
        return gl_fail(err, GL_FATAL, "policy-office",
                       "offices: there must be an office \"*\", for all that have no entry of their own");
    return true;
}

/* The file's content without white space at its end; {NULL, 0} and `err` when it cannot be read. */
static gl_str read_key_file(gl_arena *arena, const char *epoch, const char *path, gl_err *err)
{
    char *text = gl_arena_alloc(arena, KEY_FILE_LIMIT_BYTES);
    FILE *file = fopen(path, "rb");
    size_t len = file == NULL ? 0 : fread(text, 1, KEY_FILE_LIMIT_BYTES, file);
    bool failed = file == NULL || ferror(file) != 0;
    if (file != NULL)
        fclose(file);
    if (failed) {
        gl_fail(err, GL_FATAL, "policy-seed", "seeds: %s: cannot read the key file %s", epoch, path);
        return (gl_str){NULL, 0};
    }
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    return (gl_str){text, len};
}

static bool read_seed(gl_decide_policy *policy, const gl_seed_conf *conf, seed *out, gl_err *err)
{
    if ((conf->key[0] != '\0') == (conf->key_file[0] != '\0'))
        return gl_fail(err, GL_FATAL, "policy-seed", "seeds: %s: give either key or key_file", conf->epoch);
    gl_str secret = gl_str_of(conf->key);
    if (conf->key_file[0] != '\0')
        secret = read_key_file(policy->arena, conf->epoch, conf->key_file, err);
    if (secret.ptr == NULL)
        return false;
    if (secret.len < KEY_LEAST_BYTES)
        return gl_fail(err, GL_FATAL, "policy-seed", "seeds: %s: the key has %zu bytes, fewer than %d", conf->epoch,
                       secret.len, KEY_LEAST_BYTES);
    out->epoch = copy(policy->arena, conf->epoch);
    gl_hmac_key_init(&out->key, secret);
    return true;
}

static bool read_seeds(gl_decide_policy *policy, const gl_conf *conf, const gl_decide_conf *decide, gl_err *err)
{
    size_t count;
    const gl_seed_conf *list = gl_conf_list(conf, gl_seed_conf_table.section, &count);
    policy->seeds = GL_NEW_N(policy->arena, seed, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (gl_decide_policy_key(policy, gl_str_of(list[i].epoch)) != NULL)
            return gl_fail(err, GL_FATAL, "policy-seed", "seeds: %s is there twice", list[i].epoch);
        if (!read_seed(policy, &list[i], &policy->seeds[policy->seed_count], err))
            return false;
        policy->seed_count++;
    }
    if (count == 0) {
        policy->seeds[0].epoch = gl_str_of(DEVELOPMENT_EPOCH);
        gl_hmac_key_init(&policy->seeds[0].key, gl_str_of(DEVELOPMENT_KEY));
        policy->seed_count = 1;
        policy->development_key = true;
    }
    policy->seed_epoch = decide->seed_epoch[0] != '\0' ? copy(policy->arena, decide->seed_epoch)
                                                       : policy->seeds[policy->seed_count - 1].epoch;
    if (gl_decide_policy_key(policy, policy->seed_epoch) == NULL)
        return gl_fail(err, GL_FATAL, "policy-seed", "decide.seed_epoch: no seed has the epoch %s", decide->seed_epoch);
    return true;
}

static bool read_limit(const char *name, const char *text, gl_decimal *limit, gl_err *err)
{
    if (gl_decimal_parse(gl_str_of(text), limit) && limit->unscaled >= 0)
        return true;
    return gl_fail(err, GL_FATAL, "policy-limit", "decide.%s: \"%s\" is no amount in euro", name, text);
}

static bool read_policy(gl_decide_policy *policy, const gl_conf *conf, gl_err *err)
{
    const gl_decide_conf *decide = gl_conf_section(conf, gl_decide_conf_table.section);
    policy->window_us = decide->idempotency_window_ms * US_PER_MS;
    policy->do_not_load = gl_str_of(gl_arena_printf(policy->arena, " %s ", decide->do_not_load));
    policy->technical_lane = (gl_lane)decide->technical_lane;
    policy->parking_us = decide->parking_deadline_ms * US_PER_MS;
    policy->technical_within_us = decide->technical_within_ms * US_PER_MS;
    policy->view_ttl_ms = decide->view_ttl_ms;
    policy->rates = gl_rates_load(policy->arena, decide->exchange_rates, err);
    return policy->rates != NULL && read_limit("c07_limit", decide->c07_limit, &policy->c07_limit, err) &&
           read_limit("c08_limit", decide->c08_limit, &policy->c08_limit, err) &&
           read_offices(policy, conf, decide, err) && read_seeds(policy, conf, decide, err);
}

gl_decide_policy *gl_decide_policy_new(const gl_conf *conf, gl_err *err)
{
    gl_decide_policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL)
        abort();
    atomic_init(&policy->references, 1);
    policy->arena = gl_arena_new(0);
    if (read_policy(policy, conf, err))
        return policy;
    gl_decide_policy_unref(policy);
    return NULL;
}

gl_decide_policy *gl_decide_policy_ref(gl_decide_policy *policy)
{
    atomic_fetch_add(&policy->references, 1);
    return policy;
}

void gl_decide_policy_unref(gl_decide_policy *policy)
{
    if (policy == NULL || atomic_fetch_sub(&policy->references, 1) != 1)
        return;
    gl_arena_destroy(policy->arena);
    free(policy);
}

const gl_office *gl_decide_policy_office(const gl_decide_policy *policy, gl_str id)
{
    gl_office wanted = {.id = id};
    const gl_office *found = bsearch(&wanted, policy->offices, policy->office_count, sizeof wanted, by_id);
    return found == NULL ? policy->any : found;
}

const gl_rates *gl_decide_policy_rates(const gl_decide_policy *policy)
{
    return policy->rates;
}

gl_decimal gl_decide_policy_c07_limit(const gl_decide_policy *policy)
{
    return policy->c07_limit;
}

gl_decimal gl_decide_policy_c08_limit(const gl_decide_policy *policy)
{
    return policy->c08_limit;
}

bool gl_decide_policy_do_not_load(const gl_decide_policy *policy, gl_str criterion)
{
    gl_str all = policy->do_not_load;
    for (size_t i = 1; criterion.len > 0 && i + criterion.len < all.len; i++)
        if (memcmp(all.ptr + i, criterion.ptr, criterion.len) == 0 && all.ptr[i - 1] == ' ' &&
            all.ptr[i + criterion.len] == ' ')
            return true;
    return false;
}

gl_str gl_decide_policy_seed_epoch(const gl_decide_policy *policy)
{
    return policy->seed_epoch;
}

const gl_hmac_key *gl_decide_policy_key(const gl_decide_policy *policy, gl_str epoch)
{
    for (size_t i = 0; i < policy->seed_count; i++)
        if (gl_str_eq(policy->seeds[i].epoch, epoch))
            return &policy->seeds[i].key;
    return NULL;
}

bool gl_decide_policy_has_development_key(const gl_decide_policy *policy)
{
    return policy->development_key;
}

int64_t gl_decide_policy_window_us(const gl_decide_policy *policy)
{
    return policy->window_us;
}

gl_lane gl_decide_policy_technical_lane(const gl_decide_policy *policy)
{
    return policy->technical_lane;
}

int64_t gl_decide_policy_parking_us(const gl_decide_policy *policy)
{
    return policy->parking_us;
}

int64_t gl_decide_policy_technical_within_us(const gl_decide_policy *policy)
{
    return policy->technical_within_us;
}

int64_t gl_decide_policy_view_ttl_ms(const gl_decide_policy *policy)
{
    return policy->view_ttl_ms;
}
