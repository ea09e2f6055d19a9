/* The generator: repeatable, and each kind is what it says. */
#include <criterion/criterion.h>

#include "cli/synth.h"

static const gl_synth_plan PLAN = {.seed = 7,
                                   .bad = 0.1,
                                   .duplicates = 0.1,
                                   .amendments = 0.1,
                                   .mean_items = 1.5,
                                   .high_value = 0.1,
                                   .prefix = "TEST"};

Test(synth, same_seed_same_bytes)
{
    gl_buf a = {0}, b = {0};
    for (int64_t i = 0; i < 200; i++) {
        gl_synth one, two;
        gl_synth_make(&PLAN, i, &one);
        gl_synth_make(&PLAN, i, &two);
        gl_synth_json(&one, &a);
        gl_synth_json(&two, &b);
    }
    cr_assert(gl_str_eq(gl_buf_view(&a), gl_buf_view(&b)));
    gl_buf_free(&a);
    gl_buf_free(&b);
}

Test(synth, shares_are_near_what_was_asked)
{
    int64_t kinds[4] = {0}, items = 0;
    for (int64_t i = 0; i < 20000; i++) {
        gl_synth s;
        gl_synth_make(&PLAN, i, &s);
        kinds[s.kind]++;
        items += s.item_count;
        cr_assert_geq(s.item_count, 1);
    }
    for (int k = GL_SYNTH_BAD; k <= GL_SYNTH_AMENDMENT; k++)
        cr_assert(kinds[k] > 1800 && kinds[k] < 2200, "kind %d: %lld of 20000", k, (long long)kinds[k]);
    cr_assert(items > 28000 && items < 32000, "%lld items", (long long)items);
}

Test(synth, duplicate_repeats_the_latest_to_the_letter)
{
    int found = 0;
    for (int64_t i = 1; i < 500; i++) {
        gl_synth s, first;
        gl_synth_make(&PLAN, i, &s);
        if (s.kind != GL_SYNTH_DUPLICATE)
            continue;
        gl_synth_make(&PLAN, s.repeats, &first);
        gl_buf a = {0}, b = {0};
        gl_synth_json(&s, &a);
        gl_synth_json(&first, &b);
        cr_assert_eq(first.kind, s.repeats == s.number ? GL_SYNTH_GOOD : GL_SYNTH_AMENDMENT);
        cr_assert_eq(first.number, s.number);
        cr_assert(gl_str_eq(gl_buf_view(&a), gl_buf_view(&b)));
        gl_buf_free(&a);
        gl_buf_free(&b);
        found++;
    }
    cr_assert_gt(found, 20);
}

/* In a parcel manifest adjacent rows of one LRN are one declaration. */
Test(synth, what_repeats_another_is_not_beside_it)
{
    const gl_synth_plan plan = {.seed = 3, .duplicates = 0.4, .amendments = 0.2, .mean_items = 1.5, .prefix = "T"};
    int64_t before = -1, repeats = 0;
    for (int64_t i = 0; i < 2000; i++) {
        gl_synth synth;
        gl_synth_make(&plan, i, &synth);
        cr_assert_neq(synth.number, before, "declaration %lld", (long long)i);
        repeats += synth.number != i;
        before = synth.number;
    }
    cr_assert_gt(repeats, 500);
}

/* An amendment says something else than what stood before it, and says that it amends. */
Test(synth, an_amendment_changes_its_first)
{
    int found = 0;
    for (int64_t i = 1; i < 500; i++) {
        gl_synth s, first;
        gl_synth_make(&PLAN, i, &s);
        if (s.kind != GL_SYNTH_AMENDMENT)
            continue;
        gl_synth_make(&PLAN, s.number, &first);
        gl_buf json = {0}, xml = {0};
        gl_synth_json(&s, &json);
        gl_synth_xml(&s, &xml);
        cr_assert_str_eq(first.lrn, s.lrn);
        cr_assert_gt(s.extra_cents, 0);
        cr_assert_eq(first.extra_cents, 0);
        cr_assert_not_null(memmem(json.data, json.len, "\"function_code\":\"4\"", 19));
        cr_assert_not_null(memmem(xml.data, xml.len, "<FunctionCode>4<", 16));
        gl_buf_free(&json);
        gl_buf_free(&xml);
        found++;
    }
    cr_assert_gt(found, 20);
}

/* The import and the entry summary of one number are of one consignment. */
Test(synth, an_entry_summary_has_the_same_waybill)
{
    const gl_synth_plan plan = {.seed = 7, .mean_items = 2, .prefix = "T"};
    for (int64_t i = 0; i < 900; i += 300) {
        gl_synth s;
        gl_buf json = {0}, ens = {0};
        gl_synth_make(&plan, i, &s);
        gl_synth_json(&s, &json);
        gl_synth_ens(&s, &ens);
        gl_buf_byte(&json, 0);
        gl_buf_byte(&ens, 0);
        char waybill[13] = {0};
        const char *at = strstr((const char *)json.data, "\"157-");
        cr_assert_not_null(at);
        memcpy(waybill, at + 1, sizeof waybill - 1);
        cr_assert_not_null(strstr((const char *)ens.data, waybill), "%s", waybill);
        cr_assert_not_null(strstr((const char *)ens.data, s.lrn));
        gl_buf_free(&json);
        gl_buf_free(&ens);
    }
}
