/* How long the codecs take for what flows most: the assessed value of a parcel's declaration (H7). Not a test; prints a
 * table.
 *
 * bench_codecs [ROUNDS]
 */
#include "gen/topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static gl_declaration_amount *amount(gl_arena *arena, int64_t unscaled)
{
    gl_declaration_amount *a = GL_NEW(arena, gl_declaration_amount);
    *a = (gl_declaration_amount){.unscaled = unscaled, .scale = 2, .currency_code = GL_STR("EUR")};
    return a;
}

static gl_declaration_measure *mass(gl_arena *arena, int64_t grams)
{
    gl_declaration_measure *m = GL_NEW(arena, gl_declaration_measure);
    *m = (gl_declaration_measure){.unscaled = grams, .scale = 3, .unit_code = GL_STR("KGM")};
    return m;
}

static void fill_parties(gl_arena *arena, gl_declaration *d)
{
    gl_declaration_party *p = GL_NEW_N(arena, gl_declaration_party, 3);
    p[0] = (gl_declaration_party){.role = GL_DECLARATION_PARTY_ROLE_DECLARANT, .id = GL_STR("NL001234567")};
    p[1] = (gl_declaration_party){.role = GL_DECLARATION_PARTY_ROLE_IMPORTER,
                                  .name = GL_STR("J. de Vries"),
                                  .street = GL_STR("Keizersgracht 123"),
                                  .city = GL_STR("Amsterdam"),
                                  .postcode = GL_STR("1015CJ"),
                                  .country_code = GL_STR("NL")};
    p[2] = (gl_declaration_party){
        .role = GL_DECLARATION_PARTY_ROLE_FISCAL_REFERENCE, .role_code = GL_STR("FR5"), .id = GL_STR("IM3720000224")};
    d->parties.at = p;
    d->parties.count = 3;
}

static void fill_item(gl_arena *arena, gl_declaration *d)
{
    gl_declaration_goods_item *item = GL_NEW(arena, gl_declaration_goods_item);
    *item = (gl_declaration_goods_item){.sequence_numeric = 1,
                                        .description = GL_STR("Wireless bluetooth earphones, in-ear, black"),
                                        .commodity_code = GL_STR("851830"),
                                        .origin_country_id = GL_STR("CN"),
                                        .gross_mass = mass(arena, 140),
                                        .item_charge_amount = amount(arena, 2199),
                                        .procedure_current_code = GL_STR("40"),
                                        .procedure_previous_code = GL_STR("00")};
    gl_str *codes = GL_NEW_N(arena, gl_str, 2);
    codes[0] = GL_STR("C07");
    codes[1] = GL_STR("F48");
    item->additional_procedures.at = codes;
    item->additional_procedures.count = 2;
    item->packaging.at = GL_NEW(arena, gl_declaration_packaging);
    item->packaging.at[0] = (gl_declaration_packaging){.type_code = GL_STR("PK"), .quantity = GL_SOME_I32(1)};
    item->packaging.count = 1;
    d->items.at = item;
    d->items.count = 1;
}

static void fill_declaration(gl_arena *arena, gl_declaration *d)
{
    d->mrn = GL_STR("25NL4Q0XK2M9A1B7R5");
    d->functional_reference_id = GL_STR("PARCEL-2025-000012345");
    d->submitter = GL_STR("hub-ams");
    d->type_code = GL_STR("IMA");
    d->data_set = GL_STR("H7");
    d->accepted_at = 1738300000123456;
    d->issue_date_time = GL_SOME_I64(1738300000000000);
    d->declared_date = GL_SOME_I32(20119);
    d->declaration_office_id = GL_STR("NL000432");
    d->goods_item_quantity = GL_SOME_I32(1);
    d->total_gross_mass = mass(arena, 140);
    d->invoice_amount = amount(arena, 2199);
    d->freight = amount(arena, 150);
    d->export_country_id = GL_STR("CN");
    d->destination_country_id = GL_STR("NL");
    fill_parties(arena, d);
    fill_item(arena, d);
    d->message = (gl_declaration_source_message){.format = GL_STR("csv"),
                                                 .profile = GL_STR("parcels"),
                                                 .channel = GL_STR("http"),
                                                 .position = 12345,
                                                 .size_bytes = 412,
                                                 .received_at = 1738300000123000};
}

static void fill_classification(gl_arena *arena, gl_classification *c)
{
    c->classified_at = 1738300000223456;
    c->model_version = GL_STR("hs6-2025.1");
    c->items.at = GL_NEW(arena, gl_classification_item_classification);
    c->items.count = 1;
    c->items.at[0] = (gl_classification_item_classification){.sequence_numeric = 1,
                                                             .reason = GL_STR("confident"),
                                                             .declared_hs6 = GL_STR("851830"),
                                                             .declared_rank = GL_SOME_I32(1)};
    gl_classification_candidate *best = GL_NEW_N(arena, gl_classification_candidate, 3);
    best[0] = (gl_classification_candidate){GL_STR("851830"), 913000};
    best[1] = (gl_classification_candidate){GL_STR("851762"), 41000};
    best[2] = (gl_classification_candidate){GL_STR("851822"), 9000};
    c->items.at[0].candidates.at = best;
    c->items.at[0].candidates.count = 3;
}

static void fill_assessment(gl_arena *arena, gl_assessment *a)
{
    enum { FEATURES = 12 };
    a->assessed_at = 1738300000323456;
    a->model_version = GL_STR("risk-2025.1");
    a->evaluator = GL_STR("xgboost-1.7.4");
    a->feature_set_version = GL_STR("f3");
    a->score_ppm = GL_SOME_I32(23456);
    a->score_item = GL_SOME_I32(1);
    a->features.at = GL_NEW_N(arena, float, FEATURES);
    a->features.count = FEATURES;
    a->rule_set_version = GL_STR("r12");
    a->reasons.at = GL_NEW(arena, gl_assessment_contribution);
    a->reasons.count = 1;
    a->reasons.at[0] =
        (gl_assessment_contribution){GL_STR("value_per_kg"), 0.41f, GL_STR("value per kilogram is usual")};
}

typedef struct result {
    double decode_ns, encode_ns, skip_ns, json_ns;
} result;

static result measure(const gl_assessed *in, const gl_buf *value, size_t rounds, gl_arena *arena)
{
    result best = {1e9, 1e9, 1e9, 1e9};
    gl_buf out = {0};
    size_t used = 0;
    for (int pass = 0; pass < 5; pass++) {
        double t0 = now_ns();
        for (size_t i = 0; i < rounds; i++) {
            gl_assessed read;
            gl_arena_reset(arena);
            if (!gl_assessed_decode(&read, value->data, value->len, arena, NULL))
                abort();
        }
        double t1 = now_ns();
        for (size_t i = 0; i < rounds; i++) {
            out.len = 0;
            gl_assessed_encode(&out, in);
        }
        double t2 = now_ns();
        for (size_t i = 0; i < rounds; i++)
            if (!gl_declaration_skip(value->data + 5, value->len - 5, &used, NULL))
                abort();
        double t3 = now_ns();
        for (size_t i = 0; i < rounds / 10; i++) {
            out.len = 0;
            gl_assessed_json(&out, in);
        }
        double t4 = now_ns();
        double n = (double)rounds;
        best.decode_ns = (t1 - t0) / n < best.decode_ns ? (t1 - t0) / n : best.decode_ns;
        best.encode_ns = (t2 - t1) / n < best.encode_ns ? (t2 - t1) / n : best.encode_ns;
        best.skip_ns = (t3 - t2) / n < best.skip_ns ? (t3 - t2) / n : best.skip_ns;
        best.json_ns = (t4 - t3) * 10 / n < best.json_ns ? (t4 - t3) * 10 / n : best.json_ns;
    }
    gl_buf_free(&out);
    return best;
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 200000;
    gl_arena *arena = gl_arena_new(0), *scratch = gl_arena_new(0);
    gl_assessed in = {0};
    gl_buf value = gl_buf_in(arena);
    if (rounds < 10)
        rounds = 10;
    fill_declaration(arena, &in.declaration);
    fill_classification(arena, &in.classification);
    fill_assessment(arena, &in.assessment);
    gl_assessed_encode(&value, &in);
    result r = measure(&in, &value, rounds, scratch);
    printf("assessed value of %zu bytes: decode %.0f ns, encode %.0f ns, JSON dump %.0f ns; skipping its declaration "
           "%.0f ns\n",
           value.len, r.decode_ns, r.encode_ns, r.json_ns, r.skip_ns);
    gl_arena_destroy(scratch);
    gl_arena_destroy(arena);
    return 0;
}
