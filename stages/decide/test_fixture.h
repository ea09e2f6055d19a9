/* What the tests of decide share: a policy from a few lines of YAML, and assessed records made from structs. */
#ifndef DECIDE_TEST_FIXTURE_H
#define DECIDE_TEST_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customs/ids.h"
#include "decide/policy.h"
#include "decide/rules.h"
#include "io/envelope.h"
#include "io/kv.h"

#define FIXTURE_SEED "seeds:\n  - {epoch: test, key: 0123456789abcdef}\n"
/* Without a random draw, so that only what a test sets up decides. */
#define FIXTURE_OFFICE "offices:\n  - {id: \"*\", min_random_rate: 0}\n"

static const int64_t FIXTURE_NOW_US = INT64_C(1795521600) * 1000000; /* 2026-11-24T12:00:00Z */

static inline gl_conf *fixture_conf(const char *yaml, gl_err *err)
{
    static const gl_conf_table *const tables[] = {&gl_decide_conf_table, &gl_office_conf_table, &gl_seed_conf_table,
                                                  &gl_kv_conf_table};
    char path[] = "/tmp/gl-decide-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, yaml, strlen(yaml)) != (ssize_t)strlen(yaml)) {
        perror(path);
        exit(1);
    }
    close(fd);
    gl_conf *conf = gl_conf_load(path, tables, sizeof tables / sizeof *tables, NULL, err);
    unlink(path);
    return conf;
}

/* `decide`: lines of the section, indented by two. */
static inline gl_decide_policy *fixture_policy(const char *decide, const char *rest, gl_err *err)
{
    char yaml[8192];
    snprintf(yaml, sizeof yaml, "decide:\n  exchange_rates: %s/config/exchange_rates.yaml\n%s%s", GL_SOURCE_DIR, decide,
             rest);
    gl_conf *conf = fixture_conf(yaml, err);
    if (conf == NULL)
        return NULL;
    gl_decide_policy *policy = gl_decide_policy_new(conf, err);
    gl_conf_destroy(conf);
    return policy;
}

/* A parcel of one item, complete enough for every rule. */
static inline void fixture_assessed(gl_arena *arena, const char *lrn, gl_assessed *out)
{
    *out = (gl_assessed){0};
    gl_declaration *d = &out->declaration;
    d->submitter = GL_STR("hub");
    d->functional_reference_id = gl_str_of(gl_arena_printf(arena, "%s", lrn));
    d->family = GL_DECLARATION_FAMILY_IMPORT;
    gl_declaration_id id = gl_declaration_id_of(d->submitter, d->functional_reference_id, GL_FAMILY_IMPORT);
    memcpy(d->declaration_id, id.bytes, sizeof d->declaration_id);
    gl_sha256(d->functional_reference_id, d->content_digest);
    char *mrn = gl_arena_alloc(arena, GL_MRN_CHARS + 1);
    gl_mrn_make(id.bytes, FIXTURE_NOW_US, "BE", GL_FAMILY_IMPORT, mrn);
    d->mrn = gl_str_of(mrn);
    d->type_code = GL_STR("IMA");
    d->data_set = GL_STR("H7");
    d->accepted_at = FIXTURE_NOW_US - 2000000;
    d->declaration_office_id = GL_STR("BE343000");
    d->items.at = GL_NEW(arena, gl_declaration_goods_item);
    d->items.count = 1;
    gl_declaration_goods_item *item = &d->items.at[0];
    item->sequence_numeric = 1;
    item->description = GL_STR("Women's cotton T-shirt, knitted");
    item->commodity_code = GL_STR("610910");
    item->item_charge_amount = GL_NEW(arena, gl_declaration_amount);
    *item->item_charge_amount = (gl_declaration_amount){2499, 2, GL_STR("USD")};
    d->message.format = GL_STR("greenlane-json");
    d->message.channel = GL_STR("http");
    d->message.received_at = d->accepted_at;
    out->classification.classified_at = FIXTURE_NOW_US - 1500000;
    out->classification.model_version = GL_STR("hs6-1");
    out->assessment.assessed_at = FIXTURE_NOW_US - 1000000;
    out->assessment.model_version = GL_STR("risk-1");
    out->assessment.evaluator = GL_STR("xgboost-1.7.4");
    out->assessment.feature_set_version = GL_STR("f-1");
    out->assessment.rule_set_version = GL_STR("r-1");
    out->assessment.domain = GL_ASSESSMENT_DOMAIN_INSIDE;
    out->assessment.score_ppm = GL_SOME_I32(120000);
    out->assessment.score_item = GL_SOME_I32(1);
}

static inline gl_str fixture_assessed_value(gl_arena *arena, const gl_assessed *assessed)
{
    gl_buf buf = gl_buf_in(arena);
    gl_envelope_begin(&buf, GL_SCHEMA_ID_ASSESSED);
    gl_declaration_encode(&buf, &assessed->declaration);
    gl_classification_encode(&buf, &assessed->classification);
    gl_assessment_encode(&buf, &assessed->assessment);
    return gl_buf_view(&buf);
}

static inline void fixture_procedures(gl_arena *arena, gl_declaration *declaration, const char *a, const char *b)
{
    gl_declaration_goods_item *item = &declaration->items.at[0];
    item->additional_procedures.at = GL_NEW_N(arena, gl_str, 2);
    item->additional_procedures.at[0] = gl_str_of(a);
    item->additional_procedures.at[1] = gl_str_of(b == NULL ? a : b);
    item->additional_procedures.count = b == NULL ? 1 : 2;
}

static inline void fixture_party(gl_arena *arena, gl_declaration *declaration, gl_declaration_party_role role,
                                 const char *role_code, const char *id)
{
    size_t count = declaration->parties.count;
    gl_declaration_party *grown = GL_NEW_N(arena, gl_declaration_party, count + 1);
    if (count > 0)
        memcpy(grown, declaration->parties.at, count * sizeof *grown);
    grown[count].role = role;
    grown[count].role_code = role_code == NULL ? (gl_str){NULL, 0} : gl_str_of(role_code);
    grown[count].id = id == NULL ? (gl_str){NULL, 0} : gl_str_of(id);
    declaration->parties.at = grown;
    declaration->parties.count = count + 1;
}

static inline void fixture_hit(gl_arena *arena, gl_assessment *assessment, const char *criterion,
                               gl_assessment_lane_hint lane, int32_t rate_ppm)
{
    size_t count = assessment->hits.count;
    gl_assessment_criterion_hit *grown = GL_NEW_N(arena, gl_assessment_criterion_hit, count + 1);
    if (count > 0)
        memcpy(grown, assessment->hits.at, count * sizeof *grown);
    grown[count] = (gl_assessment_criterion_hit){.criterion_id = gl_str_of(criterion),
                                                 .version = 1,
                                                 .lane = lane,
                                                 .rate_ppm = rate_ppm,
                                                 .pointer = GL_STR("/items/0/commodity_code"),
                                                 .text = GL_STR("Matched by a test")};
    assessment->hits.at = grown;
    assessment->hits.count = count + 1;
}

#endif
