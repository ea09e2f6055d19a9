/* Policies and exchange rates: what is refused and why, and what moves a version. */
#include <criterion/criterion.h>

#include "decide/test_fixture.h"

static gl_arena *arena;

static void set_up(void)
{
    arena = gl_arena_new(0);
}

static void tear_down(void)
{
    gl_arena_destroy(arena);
}

TestSuite(policy, .init = set_up, .fini = tear_down);

static void refused(const char *decide, const char *rest, const char *code)
{
    gl_err err = {0};
    gl_decide_policy *policy = fixture_policy(decide, rest, &err);
    cr_assert(policy == NULL, "%s%s is taken", decide, rest);
    cr_assert_str_eq(err.code, code, "%s: %s", err.code, err.message);
}

Test(policy, refuses_what_makes_no_sense)
{
    refused("", "", "policy-office");
    refused("", "offices:\n  - {id: A}\n", "policy-office");
    refused("", "offices:\n  - {id: \"*\"}\n  - {id: \"*\"}\n", "policy-office");
    refused("", "offices:\n  - {id: \"*\"}\n  - {id: \"\"}\n", "conf-required");
    refused("", "offices:\n  - {id: \"*\", red: 10%}\n", "policy-thresholds");
    refused("", "offices:\n  - {id: \"*\", blue: 71%}\n", "policy-thresholds");
    refused("", "offices:\n  - {id: \"*\", lane: RED}\n", "conf-unknown-key");
    refused("", FIXTURE_OFFICE "seeds:\n  - {epoch: a, key: short}\n", "policy-seed");
    refused("", FIXTURE_OFFICE "seeds:\n  - {epoch: a}\n", "policy-seed");
    refused("", FIXTURE_OFFICE "seeds:\n  - {epoch: a, key_file: /nonexistent/key}\n", "policy-seed");
    refused("", FIXTURE_OFFICE "seeds:\n  - {epoch: a, key: 0123456789abcdef}\n  - {epoch: a, key: 0123456789abcdef}\n",
            "policy-seed");
    refused("  seed_epoch: b\n", FIXTURE_OFFICE FIXTURE_SEED, "policy-seed");
    refused("  c07_limit: much\n", FIXTURE_OFFICE, "policy-limit");
    refused("  c08_limit: \"-1\"\n", FIXTURE_OFFICE, "policy-limit");
}

static gl_decide_policy *accepted(const char *decide, const char *rest)
{
    gl_err err = {0};
    gl_decide_policy *policy = fixture_policy(decide, rest, &err);
    cr_assert(policy != NULL, "%s: %s", err.code, err.message);
    return policy;
}

Test(policy, the_shipped_configuration_is_good)
{
    static const gl_conf_table *const tables[] = {&gl_decide_conf_table, &gl_office_conf_table, &gl_seed_conf_table,
                                                  &gl_kv_conf_table};
    gl_err err = {0};
    gl_conf *conf = gl_conf_load(GL_SOURCE_DIR "/config/decide.yaml", tables, 4, NULL, &err);
    cr_assert(conf != NULL, "%s", err.message);
    gl_decide_policy *policy = gl_decide_policy_new(conf, &err);
    cr_assert(policy != NULL, "%s", err.message);
    cr_assert(gl_decide_policy_has_development_key(policy));
    cr_assert(gl_decide_policy_office(policy, GL_STR("BE000999"))->stopped);
    cr_assert(gl_str_eqz(gl_decide_policy_office(policy, GL_STR("XX"))->id, "*"));
    gl_decide_policy_unref(policy);
    gl_conf_destroy(conf);
}

Test(policy, offices_are_found)
{
    gl_decide_policy *policy =
        accepted("", "offices:\n  - {id: B}\n  - {id: \"*\"}\n  - {id: AB}\n  - {id: A}\n" FIXTURE_SEED);
    const char *ids[] = {"A", "AB", "B"};
    for (size_t i = 0; i < 3; i++)
        cr_assert(gl_str_eqz(gl_decide_policy_office(policy, gl_str_of(ids[i]))->id, ids[i]));
    cr_assert(gl_str_eqz(gl_decide_policy_office(policy, GL_STR(""))->id, "*"));
    cr_assert(gl_str_eqz(gl_decide_policy_office(policy, (gl_str){NULL, 0})->id, "*"));
    gl_decide_policy_unref(policy);
}

static const char *version_with(const char *decide, const char *office)
{
    gl_decide_policy *policy =
        accepted(decide, gl_arena_printf(arena, "offices:\n  - {id: \"*\"%s}\n" FIXTURE_SEED, office));
    const char *version = gl_arena_printf(arena, "%s", gl_decide_policy_office(policy, GL_STR("x"))->version);
    gl_decide_policy_unref(policy);
    return version;
}

Test(policy, each_setting_moves_the_version)
{
    static const char *const settings[] = {", red: 91%",
                                           ", yellow: 71%",
                                           ", blue: 51%",
                                           ", min_random_rate: 1%",
                                           ", random_lane: BLUE",
                                           ", unscored_lane: RED",
                                           ", degraded_lane: BLUE",
                                           ", examination_place: X",
                                           ", shadow: true",
                                           ", stopped: true",
                                           ", examination_within: 1h",
                                           ", documents_within: 1h"};
    const char *plain = version_with("", "");
    cr_assert_str_eq(plain, version_with("", ", red: 90%"), "the default, written out");
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        cr_assert_str_neq(plain, version_with("", settings[i]), "%s", settings[i]);
    cr_assert_str_neq(plain, version_with("  shadow: true\n", ""));
    cr_assert_str_neq(plain, version_with("  c07_limit: \"22\"\n", ""));
}

Test(policy, key_files_and_epochs)
{
    char path[] = "/tmp/gl-key-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, "0123456789abcdef\r\n", 18) == 18);
    close(fd);
    const char *seeds = gl_arena_printf(
        arena, FIXTURE_OFFICE "seeds:\n  - {epoch: old, key_file: %s}\n  - {epoch: new, key: fedcba9876543210}\n",
        path);
    gl_decide_policy *policy = accepted("", seeds), *plain = accepted("", FIXTURE_OFFICE FIXTURE_SEED);
    cr_assert(gl_str_eqz(gl_decide_policy_seed_epoch(policy), "new"), "the last one");
    cr_assert(memcmp(gl_decide_policy_key(policy, GL_STR("old")), gl_decide_policy_key(plain, GL_STR("test")),
                     sizeof(gl_hmac_key)) == 0);
    cr_assert(gl_decide_policy_key(policy, GL_STR("none")) == NULL && !gl_decide_policy_has_development_key(policy));
    gl_decide_policy_unref(policy);
    policy = accepted("  seed_epoch: old\n", seeds);
    cr_assert(gl_str_eqz(gl_decide_policy_seed_epoch(policy), "old"));
    gl_decide_policy_unref(policy);
    gl_decide_policy_unref(plain);
    unlink(path);
}

/* -- Exchange rates
 * ----------------------------------------------------------------------------------------------------------- */

Test(policy, rates)
{
    gl_err err = {0};
    const gl_rates *rates =
        gl_rates_parse(arena, "r", GL_STR("date: 2026-11-02\nbase: EUR\nrates: {USD: 0.86, GBP: 1.139}\n"), &err);
    cr_assert(rates != NULL, "%s", err.message);
    gl_decimal euro;
    cr_assert(gl_rates_find(rates, GL_STR("USD"), &euro) && euro.unscaled == 86 && euro.scale == 2);
    cr_assert(gl_rates_find(rates, GL_STR("EUR"), &euro) && euro.unscaled == 1 && euro.scale == 0);
    cr_assert(!gl_rates_find(rates, GL_STR("JPY"), &euro) && !gl_rates_find(rates, GL_STR(""), &euro) &&
              !gl_rates_find(rates, GL_STR("usd"), &euro));
    const gl_rates *same = gl_rates_parse(
        arena, "r", GL_STR("# moved\nbase: EUR\nrates: {GBP: 1.139, USD: 0.86}\ndate: 2026-11-02\n"), &err);
    cr_assert(gl_str_eq(gl_rates_version(rates), gl_rates_version(same)));
    const gl_rates *other =
        gl_rates_parse(arena, "r", GL_STR("date: 2026-11-02\nbase: EUR\nrates: {GBP: 1.139, USD: 0.87}\n"), &err);
    cr_assert(!gl_str_eq(gl_rates_version(rates), gl_rates_version(other)));
}

Test(policy, rates_that_are_refused)
{
    static const char *const bad[][2] = {
        {"", "rates-date"},
        {"date: 2026-02-30\nbase: EUR\nrates: {USD: 1}\n", "rates-date"},
        {"date: [1]\nbase: EUR\nrates: {USD: 1}\n", "rates-date"},
        {"date: 2026-11-02\nbase: USD\nrates: {USD: 1}\n", "rates-base"},
        {"date: 2026-11-02\nbase: EUR\n", "rates-missing"},
        {"date: 2026-11-02\nbase: EUR\nrates: {}\n", "rates-missing"},
        {"date: 2026-11-02\nbase: EUR\nrates: [USD]\n", "rates-missing"},
        {"date: 2026-11-02\nbase: EUR\nrates: {usd: 1}\n", "rates-currency"},
        {"date: 2026-11-02\nbase: EUR\nrates: {USDT: 1}\n", "rates-currency"},
        {"date: 2026-11-02\nbase: EUR\nrates: {USD: 0}\n", "rates-value"},
        {"date: 2026-11-02\nbase: EUR\nrates: {USD: -1}\n", "rates-value"},
        {"date: 2026-11-02\nbase: EUR\nrates: {USD: 1e3}\n", "rates-value"},
        {"date: 2026-11-02\nbase: EUR\nrates: {USD: [1]}\n", "rates-value"},
        {"date: 2026-11-02\nbase: EUR\nrates: {EUR: 1}\n", "rates-value"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        gl_err err = {0};
        cr_assert(gl_rates_parse(arena, "r", gl_str_of(bad[i][0]), &err) == NULL, "%s", bad[i][0]);
        cr_assert_str_eq(err.code, bad[i][1], "%s: %s", bad[i][0], err.message);
    }
    gl_err err = {0};
    cr_assert(gl_rates_parse(arena, "r", GL_STR("date: 2026-11-02\nbase: EUR\nrates: {USD: 1, USD: 2}\n"), &err) ==
              NULL);
    cr_assert(gl_rates_load(arena, "/nonexistent/rates.yaml", &err) == NULL);
}
