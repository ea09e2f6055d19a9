/* greenlane replay: does a decision again from its record, and says where the two differ. */
#include <math.h>
#include <stdio.h>

#include "cli/cluster.h"
#include "cli/command.h"
#include "cli/topic_reader.h"
#include "customs/ids.h"
#include "decide/policy.h"
#include "decide/rules.h"
#include "risk/scorer.h"

typedef struct replay {
    const char *mrn;
    bool json, exact;
    gl_decide_policy *policy;
    gl_scorer *scorer; /* NULL: models are not there */
    gl_arena *arena;
    int64_t found, different;
} replay;

typedef struct score_check {
    bool checked, same;
    int32_t recorded_ppm, computed_ppm;
    const char *why_not; /* not checked */
} score_check;

static score_check check_score(const replay *r, const gl_assessment *a)
{
    score_check check = {.recorded_ppm = a->score_ppm.value};
    gl_err err = {0};
    if (!a->score_ppm.set)
        check.why_not = "the declaration was outside the model's domain";
    else if (r->scorer == NULL)
        check.why_not = "the models are not here";
    else if (!gl_str_eqz(a->model_version, gl_scorer_version(r->scorer)))
        check.why_not = "it was scored by another model";
    else if (!gl_risk_replay_score(r->scorer, a->features.at, a->features.count, &check.computed_ppm, &err))
        check.why_not = "its features are not this model's";
    else
        check.checked = true;
    bool same_build = r->scorer != NULL && gl_str_eqz(a->evaluator, gl_scorer_evaluator(r->scorer));
    int32_t off = check.computed_ppm > check.recorded_ppm ? check.computed_ppm - check.recorded_ppm
                                                          : check.recorded_ppm - check.computed_ppm;
    check.same = check.checked && off <= (same_build ? 0 : 1);
    return check;
}

static void show_contributions(const replay *r, const gl_assessment *a)
{
    gl_risk_reason reasons[8];
    size_t count = 0;
    gl_err err = {0};
    if (!gl_scorer_reasons_exact(r->scorer, a->features.at, reasons, 8, &count, &err)) {
        gl_complain_err(0, &err);
        return;
    }
    puts("  exact contributions to the log odds:");
    for (size_t i = 0; i < count; i++)
        printf("    %+.4f  %s\n", (double)reasons[i].contribution,
               gl_feature_label(gl_scorer_features(r->scorer), reasons[i].feature));
}

static void show_json(const gl_decide_replay_result *result, const score_check *score)
{
    gl_buf line = {0};
    gl_buf_text(&line, "{\"mrn\":");
    gl_buf_json(&line, result->decided.declaration.mrn);
    gl_buf_printf(&line, ",\"version\":%d,\"decision_same\":%s,\"score_checked\":%s", result->decided.decision.version,
                  result->same ? "true" : "false", score->checked ? "true" : "false");
    if (score->checked)
        gl_buf_printf(&line, ",\"score_same\":%s,\"score_ppm\":%d,\"computed_score_ppm\":%d",
                      score->same ? "true" : "false", score->recorded_ppm, score->computed_ppm);
    gl_buf_text(&line, ",\"differences\":[");
    for (size_t i = 0; i < result->difference_count; i++) {
        gl_buf_printf(&line, "%s{\"field\":\"%s\",\"recorded\":%.*s,\"computed\":%.*s}", i == 0 ? "" : ",",
                      result->differences[i].field, GL_STR_ARG(result->differences[i].recorded),
                      GL_STR_ARG(result->differences[i].computed));
    }
    gl_buf_text(&line, "]}\n");
    fwrite(line.data, 1, line.len, stdout);
    gl_buf_free(&line);
}

static void show_text(const replay *r, const gl_decide_replay_result *result, const score_check *score)
{
    const gl_decision *d = &result->decided.decision;
    printf("%.*s, decision %d: %s, %s\n", GL_STR_ARG(result->decided.declaration.mrn), d->version,
           gl_decision_lane_name(d->lane), gl_decision_outcome_name(d->outcome));
    if (score->checked)
        printf("  score     %d from its recorded features: %s (%d)\n", score->recorded_ppm,
               score->same ? "the same" : "DIFFERENT", score->computed_ppm);
    else
        printf("  score     not computed again: %s\n", score->why_not);
    printf("  decision  %s\n", result->same ? "the same, byte for byte" : "DIFFERENT:");
    for (size_t i = 0; i < result->difference_count; i++)
        printf("    %-22s recorded %.*s, now %.*s\n", result->differences[i].field,
               GL_STR_ARG(result->differences[i].recorded), GL_STR_ARG(result->differences[i].computed));
    for (size_t i = 0; i < d->draws.count; i++)
        printf("  draw      %.*s: %d of 1,000,000 against a rate of %d: %s\n", GL_STR_ARG(d->draws.at[i].criterion_id),
               d->draws.at[i].value_ppm, d->draws.at[i].rate_ppm,
               d->draws.at[i].selected ? "selected" : "not selected");
    if (r->exact && score->checked)
        show_contributions(r, &result->decided.assessment);
}

static bool replay_record(replay *r, const gl_topic_record *record, gl_err *err)
{
    gl_decide_replay_result *result = GL_NEW(r->arena, gl_decide_replay_result);
    if (!gl_decide_replay(r->policy, record->value, r->arena, result, err))
        return gl_fail_context(err, "partition %d offset %lld", record->partition, (long long)record->offset);
    if (r->mrn != NULL && !gl_str_eqz(result->decided.declaration.mrn, r->mrn))
        return true;
    score_check score = check_score(r, &result->decided.assessment);
    r->found++;
    r->different += !result->same || (score.checked && !score.same);
    if (r->json)
        show_json(result, &score);
    else if (r->mrn != NULL || !result->same || (score.checked && !score.same))
        show_text(r, result, &score);
    return true;
}

/* Of one declaration only its partition is read, and only keys with its 12 characters are decoded. */
static int replay_topic(replay *r, const char *brokers)
{
    char stem[GL_MRN_STEM_CHARS + 1] = "";
    uint64_t bits = 0;
    gl_err err = {0};
    int32_t partition = -1;
    if (r->mrn != NULL && (!gl_mrn_valid(gl_str_of(r->mrn), stem) || !gl_mrn_stem_bits(gl_str_of(stem), &bits)))
        return gl_complain(GL_EXIT_USAGE, "\"%s\" is not an MRN", r->mrn);
    gl_topic_reader *reader = gl_topic_reader_open(brokers, "gl.decisions", -1, false, &err);
    if (reader != NULL && r->mrn != NULL) {
        partition = (int32_t)(bits % (uint64_t)gl_topic_reader_partitions(reader));
        gl_topic_reader_close(reader);
        reader = gl_topic_reader_open(brokers, "gl.decisions", partition, false, &err);
    }
    if (reader == NULL)
        return gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    gl_topic_record record;
    int code = GL_EXIT_OK;
    while (gl_topic_reader_next(reader, 30000, &record, &err)) {
        char other[GL_MRN_STEM_CHARS + 1];
        if (record.key.len == GL_DECLARATION_ID_BYTES && stem[0] != '\0') {
            gl_mrn_stem((const uint8_t *)record.key.ptr, other);
            if (strcmp(stem, other) != 0)
                continue;
        }
        gl_arena_reset(r->arena);
        if (!replay_record(r, &record, &err))
            code = gl_complain_err(GL_EXIT_REFUSED, &err);
    }
    if (err.code != NULL && code == GL_EXIT_OK)
        code = gl_complain_err(GL_EXIT_UNAVAILABLE, &err);
    gl_topic_reader_close(reader);
    return code;
}

static int run_replay(int argc, char **argv)
{
    const char *brokers = gl_env("KAFKA_BROKERS", "127.0.0.1:9092"),
               *config = gl_env("GREENLANE_DECIDE_CONFIG", "config/decide.yaml"),
               *models = gl_env("GREENLANE_MODELS", "models");
    bool all = false;
    replay r = {0};
    const gl_option options[] = {
        {"all", GL_OPTION_FLAG, &all, "Every decision; those that differ are shown."},
        {"exact", GL_OPTION_FLAG, &r.exact, "Also the exact contributions to the score (slow)."},
        {"config", GL_OPTION_TEXT, &config, "decide's configuration, for the policy (default config/decide.yaml)."},
        {"models", GL_OPTION_TEXT, &models, "Directory of the models (default $GREENLANE_MODELS or models)."},
        {"brokers", GL_OPTION_TEXT, &brokers, "Kafka (default $KAFKA_BROKERS)."},
        {"json", GL_OPTION_FLAG, &r.json, "One JSON object a decision."},
    };
    int count = gl_options_parse(&gl_command_replay, options, sizeof options / sizeof options[0], argc, argv);
    if (count < 0)
        return GL_EXIT_USAGE;
    if ((count == 1) == all)
        return gl_complain(GL_EXIT_USAGE, "replay what? Give one MRN, or --all");
    r.mrn = all ? NULL : argv[1];
    gl_cluster cluster;
    gl_err err = {0};
    char path[4096];
    int code = GL_EXIT_UNAVAILABLE;
    if (gl_cluster_open(&cluster, config, brokers, 0, 0, &err))
        r.policy = gl_decide_policy_new(cluster.conf, &err);
    if (r.policy == NULL) {
        gl_complain_err(0, &err);
    } else {
        snprintf(path, sizeof path, "%s/risk", models);
        r.scorer = gl_scorer_load(path, &err);
        r.arena = gl_arena_new(1 << 16);
        code = replay_topic(&r, brokers);
        if (code == GL_EXIT_OK && r.found == 0)
            code = gl_complain(GL_EXIT_REFUSED, "there is no decision for %s", all ? "any declaration" : r.mrn);
        if (!r.json && all)
            printf("%lld decisions replayed, %lld differ\n", (long long)r.found, (long long)r.different);
    }
    gl_scorer_destroy(r.scorer);
    if (r.policy != NULL)
        gl_decide_policy_unref(r.policy);
    gl_arena_destroy(r.arena);
    gl_cluster_close(&cluster);
    return code == GL_EXIT_OK && r.different > 0 ? GL_EXIT_REFUSED : code;
}

const gl_command gl_command_replay = {"replay", "do a decision again from its record", "MRN | --all",
                                      "Takes a decision's record from gl.decisions and computes it again: the score "
                                      "from its recorded feature values, the lane, draws and outcome from\n"
                                      "the recorded score and hits under the policy in force now. Says whether it is "
                                      "the same, byte for byte, and else in which fields it differs.\n\n"
                                      "  greenlane replay 26BE000S7R4WUZABR6 --exact\n  greenlane replay --all",
                                      run_replay};
