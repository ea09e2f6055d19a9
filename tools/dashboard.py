#!/usr/bin/env python3
"""Writes the Grafana dashboard: one table of panels, so that a new series is one line here and none of it is JSON by hand.

usage: dashboard.py > deploy/grafana/greenlane.json   (`./dev docs` does it; a check fails when the file is not what this prints)

A panel is (title, kind, unit, width, queries, description); a query is (PromQL, legend). Jobs and instances are chosen above the dashboard.
Queries use $__rate_interval, so that they fit any scrape interval, and join daemons by job as deploy/prometheus/alerts.yml does.
"""
import json
import sys

OF = 'job=~"$job",instance=~"$instance"'
RATE = "[$__rate_interval]"


def rate(metric, by, more=""):
    return f"sum by ({by}) (rate({metric}{{{OF}{more}}}{RATE}))"


def quantile(q, metric, by="", more=""):
    inner = "le" + (", " + by if by else "")
    return f"histogram_quantile({q}, sum by ({inner}) (rate({metric}_bucket{{{OF}{more}}}{RATE})))"


def quantiles(metric, legend="", by="", more=""):
    return [(quantile(q, metric, by, more), f"{legend} p{str(q)[2:]}".strip()) for q in ("0.5", "0.95", "0.99")]


CHAPTERS = f"increase(gl_classify_chapters_total{{{OF}}}[6h])"
CHAPTER_SHARE = f"(sum by (job, chapter) ({CHAPTERS}) / on (job) group_left () sum by (job) ({CHAPTERS}))"
CHAPTER_MIX = f"max by (job, chapter) (gl_classify_chapter_mix{{{OF}}})"

ROWS = [
    ("Overview", [
        ("Daemons that answer", "stat", "short", 4, [(f"sum(up{{{OF}}})", "up"), (f"count(up{{{OF}}})", "known")], ""),
        ("Declarations a second", "stat", "ops", 4, [(f"sum(rate(gl_intake_declarations_total{{{OF}}}{RATE}))", "")], "Answered by the intake."),
        ("Decisions a second", "stat", "ops", 4, [(f"sum(rate(gl_decisions_total{{{OF}}}{RATE}))", "")], ""),
        ("Acceptance to decision, p99", "stat", "s", 4, [(quantile("0.99", "gl_decision_latency_seconds"), "")], ""),
        ("Furthest behind", "stat", "s", 4, [(f"max(gl_consumer_lag_seconds{{{OF}}})", "")], ""),
        ("Dead letters, in the range shown", "stat", "short", 4, [(f"sum(increase(gl_records_dead_lettered_total{{{OF}}}[$__range])) or vector(0)", "")],
         "`greenlane dlq list` names them."),
        ("Alerts that fire", "table", "short", 24, [('ALERTS{alertname=~"Greenlane.+",alertstate="firing"} or vector(0)', "")],
         "Each has its runbook in docs/OPERATIONS.md."),
    ]),
    ("Intake", [
        ("Declarations by result", "lines", "ops", 12, [(rate("gl_intake_declarations_total", "result"), "{{result}}")], ""),
        ("Events by result", "lines", "ops", 6, [(rate("gl_intake_events_total", "result"), "{{result}}")], ""),
        ("Messages and file chunks", "lines", "ops", 6, [(rate("gl_intake_messages_total", "instance"), "{{instance}}"),
                                                          (rate("gl_intake_early_views_lost_total", "instance"), "{{instance}} early views lost")], ""),
        ("Requests that were not admitted", "lines", "ops", 12, [(rate("gl_intake_refusals_total", "code") + " or vector(0)", "{{code}}")],
         "Credentials and limits, by the code of the answer."),
        ("Records of intake topics", "lines", "ops", 12, [(rate("gl_intake_topic_records_total", "instance"), "{{instance}}")], ""),
        ("Errors in what was rejected", "lines", "ops", 12, [(rate("gl_intake_errors_total", "code"), "{{code}}")], ""),
        ("Requests by route and status", "lines", "reqps", 12, [(rate("gl_http_requests_total", "route, status"), "{{route}} {{status}}")], ""),
        ("Request to answer", "lines", "s", 12, quantiles("gl_http_seconds", "{{route}}", "route"), "The answer comes after the commit."),
    ]),
    ("Stages", [
        ("Records taken in", "lines", "ops", 12, [(rate("gl_records_consumed_total", "job"), "{{job}}")], ""),
        ("Records produced", "lines", "ops", 12, [(rate("gl_records_produced_total", "topic"), "{{topic}}")], ""),
        ("Behind, seconds", "lines", "s", 12, [(f"max by (job) (gl_consumer_lag_seconds{{{OF}}})", "{{job}}")],
         "Age of the oldest record that is known and not processed."),
        ("Behind, records", "lines", "short", 12, [(f"sum by (job, topic) (gl_consumer_lag_records{{{OF}}})", "{{job}} {{topic}}")], ""),
        ("Time of a batch", "lines", "s", 12, quantiles("gl_batch_seconds", "{{job}}", "job"), ""),
        ("Time of a batch's steps, average", "stacked", "s", 12,
         [(f"sum by (job, step) (rate(gl_stage_seconds_sum{{{OF}}}{RATE})) / sum by (job, step) (rate(gl_stage_seconds_count{{{OF}}}{RATE}))",
           "{{job}} {{step}}")], "Which step takes the time."),
        ("Records of a batch, average", "lines", "short", 8,
         [(f"sum by (job) (rate(gl_batch_records_sum{{{OF}}}{RATE})) / sum by (job) (rate(gl_batch_records_count{{{OF}}}{RATE}))", "{{job}}")], ""),
        ("Batches and transactions", "lines", "ops", 8, [(rate("gl_batches_total", "job"), "{{job}} batches"),
                                                          (rate("gl_txn_commits_total", "job"), "{{job}} commits")], ""),
        ("Time of a commit", "lines", "s", 8, quantiles("gl_txn_commit_seconds", "{{job}}", "job"), ""),
        ("What went wrong and was tried again", "lines", "short", 12, [
            (f"sum by (job) (increase(gl_batch_retries_total{{{OF}}}{RATE}))", "{{job}} retries"),
            (f"sum by (job, reason) (increase(gl_txn_aborts_total{{{OF}}}{RATE}))", "{{job}} aborts, {{reason}}"),
            (f"sum by (job) (increase(gl_batch_bisects_total{{{OF}}}{RATE}))", "{{job}} bisects"),
            (f"sum by (job) (increase(gl_workers_recreated_total{{{OF}}}{RATE}))", "{{job}} workers started again")], ""),
        ("Dead letters by code", "lines", "short", 6, [(f"sum by (job, code) (increase(gl_records_dead_lettered_total{{{OF}}}{RATE}))", "{{job}} {{code}}")], ""),
        ("Records lost to retention", "lines", "short", 6, [(f"sum by (job, topic) (gl_records_lost_total{{{OF}}})", "{{job}} {{topic}}")], "Must stay 0."),
        ("Partitions owned", "lines", "short", 8, [(f"sum by (job, instance) (gl_assigned_partitions{{{OF}}})", "{{job}} {{instance}}")], ""),
        ("Rebalances", "lines", "short", 8, [(f"sum by (job, kind) (increase(gl_rebalances_total{{{OF}}}{RATE}))", "{{job}} {{kind}}")], ""),
        ("At one step since", "lines", "s", 8, [(f"max by (job, instance) (gl_worker_silent_seconds{{{OF}}})", "{{job}} {{instance}}")],
         "Above stage.stuck_after /healthz fails."),
        ("Local state", "lines", "bytes", 8, [(f"sum by (job, instance) (gl_state_bytes{{{OF}}})", "{{job}} {{instance}}")], ""),
        ("Restored state", "lines", "short", 8, [(rate("gl_state_restored_records_total", "job, instance"), "{{job}} {{instance}} records/s"),
                                                  (f"sum by (job, instance) (gl_state_wipes_total{{{OF}}})", "{{job}} {{instance}} wipes")], ""),
        ("Time to restore", "lines", "s", 8,
         [(f"sum by (job) (gl_state_restore_seconds_sum{{{OF}}}) / sum by (job) (gl_state_restore_seconds_count{{{OF}}})", "{{job}} average")], ""),
    ]),
    ("Decisions", [
        ("Decisions by lane", "stacked", "ops", 8, [(rate("gl_decisions_total", "lane"), "{{lane}}")], ""),
        ("Decisions by outcome", "stacked", "ops", 8, [(rate("gl_decisions_total", "outcome"), "{{outcome}}")], ""),
        ("Acceptance to decision", "lines", "s", 8, quantiles("gl_decision_latency_seconds"), "First decisions, until they are committed."),
        ("Share not GREEN", "lines", "percentunit", 8,
         [(f'sum(rate(gl_decisions_total{{{OF},lane!="GREEN"}}{RATE})) / sum(rate(gl_decisions_total{{{OF}}}{RATE}))', "selected")], ""),
        ("Later decisions by cause", "lines", "ops", 8, [(rate("gl_later_decisions_total", "cause"), "{{cause}}")], ""),
        ("Closed otherwise, or waiting", "lines", "ops", 8, [
            (rate("gl_duplicates_total", "job"), "duplicates"), (rate("gl_superseded_total", "job"), "superseded"),
            (rate("gl_lrn_reused_total", "job"), "LRN reused"), (rate("gl_events_parked_total", "job"), "events parked")], ""),
        ("Technical holds and degraded decisions", "lines", "short", 8, [
            (f"sum(increase(gl_technical_holds_total{{{OF}}}{RATE}))", "technical holds"),
            (f"sum(increase(gl_decisions_degraded_total{{{OF}}}{RATE}))", "degraded")], ""),
        ("Status views", "lines", "ops", 8, [(rate("gl_view_writes_total", "result"), "{{result}}"),
                                              (rate("gl_view_rebuilt_entries_total", "job"), "written again"),
                                              (f"sum(increase(gl_view_rebuilds_total{{{OF}}}{RATE}))", "partitions rebuilt")], ""),
        ("Time limits suspended", "lines", "short", 8, [(f"max by (instance) (gl_timers_suspended{{{OF}}})", "{{instance}}")], ""),
    ]),
    ("Outcomes brought to senders", [
        ("Outcomes", "lines", "ops", 8, [(rate("gl_outcome_stream_events_total", "job"), "to streams"), (rate("gl_webhook_outcomes_total", "job"), "to webhooks")], ""),
        ("Open streams", "lines", "short", 4, [(f"sum by (instance) (gl_outcome_streams{{{OF}}})", "{{instance}}")], ""),
        ("Attempts at webhooks by result", "lines", "ops", 6, [(rate("gl_webhook_requests_total", "result"), "{{result}}")], ""),
        ("Webhooks that fail, and what they miss", "lines", "short", 6, [
            (f"sum by (instance) (gl_webhooks_failing{{{OF}}})", "{{instance}} failing"),
            (f"max by (instance) (gl_webhook_oldest_seconds{{{OF}}})", "{{instance}} oldest, s"),
            (f"sum(increase(gl_webhook_gaps_total{{{OF}}}{RATE})) + sum(increase(gl_outcomes_unreadable_total{{{OF}}}{RATE}))", "gaps, and records passed over")],
         "Nothing is lost until retention deletes it."),
    ]),
    ("Classification", [
        ("Items by status", "stacked", "ops", 6, [(rate("gl_classify_items_total", "status"), "{{status}}")], ""),
        ("Digits of the answer", "stacked", "ops", 6, [(rate("gl_classify_answers_total", "digits"), "{{digits}}")], "0: not even a chapter is sure."),
        ("Declared code against predicted", "stacked", "ops", 6, [(rate("gl_classify_agreement_total", "agreement"), "{{agreement}}")], ""),
        ("Verdict on the declared code", "stacked", "ops", 6, [(rate("gl_classify_verdicts_total", "verdict"), "{{verdict}}")], ""),
        ("Cache", "lines", "percentunit", 6, [
            (f"sum by (cache) (rate(gl_classify_cache_hits_total{{{OF}}}{RATE})) / on () group_left () "
             f"(sum(rate(gl_classify_cache_hits_total{{{OF}}}{RATE})) + sum(rate(gl_classify_cache_misses_total{{{OF}}}{RATE})))", "found, {{cache}}")], ""),
        ("Officers' rulings", "lines", "short", 6, [(f"max(gl_classify_precedents{{{OF}}})", "texts"),
                                                    (f"sum(rate(gl_classify_precedent_items_total{{{OF}}}{RATE}))", "items answered, a second"),
                                                    (f"sum(gl_classify_precedents_complete{{{OF}}})", "instances that read them all")], ""),
        ("Confidence against what officers found", "lines", "percentunit", 6, [
            (f"max by (words) (gl_classify_findings_claimed{{{OF}}} - gl_classify_findings_right{{{OF}}})", "claimed too much, {{words}} words"),
            (f"sum(rate(gl_classify_tightened_items_total{{{OF}}}{RATE})) / on () clamp_min(sum(rate(gl_classify_items_total{{{OF}}}{RATE})), 0.001)", "items tightened")],
         "By the words of the text, over all submitters; greenlane calibration says of which."),
        ("Confidence", "lines", "percentunit", 6, [(quantile("0.1", "gl_classify_confidence"), "lowest tenth below"),
                                                    (quantile("0.5", "gl_classify_confidence"), "median")], "A fall is a drift of the descriptions."),
        ("Chapters against those of training", "lines", "short", 12, [(
            f"sum by (job) ((clamp_min({CHAPTER_SHARE}, 0.001) - on (job, chapter) {CHAPTER_MIX}) "
            f"* ln(clamp_min({CHAPTER_SHARE}, 0.001) / on (job, chapter) {CHAPTER_MIX}))", "{{job}}")],
         "Population stability index of the last six hours: 0 is what the model learnt from. A hub with few kinds of goods stands high; a rise is a drift."),
        ("Most frequent chapters", "stacked", "percentunit", 12, [(f"topk(12, {CHAPTER_SHARE})", "{{chapter}}")], "By the likeliest chapter of the description, over six hours."),
        ("National codes by result", "stacked", "ops", 12, [(rate("gl_classify_national_items_total", "result"), "{{result}}")], "Of imports, where a tariff is loaded for some country."),
    ]),
    ("Classification over HTTP", [
        ("Descriptions by result", "stacked", "ops", 6, [(rate("gl_classify_replies_total", "result"), "{{result}}")], "refused: vague, not a text, or too long."),
        ("Requests by route and status", "lines", "ops", 6, [
            (f'sum by (route, status) (rate(gl_http_requests_total{{{OF}, route=~"/v1/classify|/fpo-code-search"}}{RATE}))', "{{route}} {{status}}")], ""),
        ("Not admitted, by code", "lines", "ops", 6, [(rate("gl_classify_refusals_total", "code") + " or vector(0)", "{{code}}")], ""),
        ("Descriptions of the stream beside it", "lines", "ops", 6, [(rate("gl_classify_items_total", "job"), "{{job}}")], "It goes first: the service's threads have a lower priority."),
    ]),
    ("Risk", [
        ("Scored, and outside the model's domain", "lines", "ops", 6, [(rate("gl_risk_scored_total", "job"), "scored"),
                                                                      (rate("gl_risk_outside_domain_total", "job"), "outside")], ""),
        ("Hits of criteria by lane", "lines", "ops", 6, [(rate("gl_risk_hits_total", "lane"), "{{lane}}")], ""),
        ("Scores", "lines", "percentunit", 6, [(quantile("0.5", "gl_risk_score"), "median"), (quantile("0.95", "gl_risk_score"), "p95"),
                                                (quantile("0.99", "gl_risk_score"), "p99")], "A shift is a drift of the declarations or of the model."),
        ("Lists", "lines", "short", 6, [(f"max by (instance) (gl_risk_lists{{{OF}}})", "{{instance}} loaded"),
                                         (f"max by (instance) (gl_risk_lists_in_force{{{OF}}})", "{{instance}} in force")], ""),
    ]),
    ("Redis", [
        ("Calls by result", "lines", "ops", 12, [(rate("gl_kv_requests_total", "job, result"), "{{job}} {{result}}")], "Nothing waits for Redis."),
        ("Time of a call", "lines", "s", 12, quantiles("gl_kv_seconds", "{{job}}", "job"), ""),
    ]),
    ("Schema registry", [
        ("Answers, and says what it said", "lines", "short", 6, [
            (f"min by (job, instance) (gl_registry_up{{{OF}}})", "{{job}} {{instance}} answers"),
            (f"max by (job, instance) (gl_registry_changed{{{OF}}})", "{{job}} {{instance}} changed")],
         "Without a registry: 1 and 0. Changed: it lost or renumbered schemas."),
        ("Requests by result", "lines", "ops", 6, [(rate("gl_registry_requests_total", "job, result"), "{{job}} {{result}}")], "No worker waits for one."),
        ("Time of a request, average", "lines", "s", 6,
         [(f"sum by (job) (gl_registry_request_seconds_sum{{{OF}}}) / (sum by (job) (gl_registry_request_seconds_count{{{OF}}}) > 0) or vector(0)",
           "{{job}}")], ""),
        ("Schemas and ids that are known", "lines", "short", 6, [
            (f"sum by (job, source) (gl_registry_answers{{{OF}}})", "{{job}} from the {{source}}"),
            (f"sum by (job) (increase(gl_schema_dropped_values_total{{{OF}}}{RATE}))", "{{job}} values that lost new fields")],
         "From the disk: not confirmed by the registry yet."),
    ]),
    ("Processes", [
        ("CPU", "lines", "percentunit", 8, [(rate("process_cpu_seconds_total", "job, instance"), "{{job}} {{instance}}")], "1 is one core."),
        ("CPU of a declaration", "lines", "s", 8,
         [(f"sum(rate(process_cpu_seconds_total{{{OF}}}{RATE})) / sum(rate(gl_intake_declarations_total{{{OF}}}{RATE}))", "all stages together")], ""),
        ("Memory", "lines", "bytes", 8, [(f"process_anonymous_memory_bytes{{{OF}}}", "{{job}} {{instance}} own"),
                                          (f"process_resident_memory_bytes{{{OF}}}", "{{job}} {{instance}} with mapped files")], ""),
        ("Open files, share of the limit", "lines", "percentunit", 8, [(f"process_open_fds{{{OF}}} / process_max_fds{{{OF}}}", "{{job}} {{instance}}")], ""),
        ("Running since", "lines", "s", 8, [(f"time() - process_start_time_seconds{{{OF}}}", "{{job}} {{instance}}")], ""),
        ("Ready, paused, reloads", "lines", "short", 8, [
            (f"gl_ready{{{OF}}}", "{{job}} {{instance}} ready"), (f"gl_paused{{{OF}}}", "{{job}} {{instance}} paused"),
            (f"gl_config_last_reload_successful{{{OF}}}", "{{job}} {{instance}} configuration current"),
            (f"gl_config_reload_success_total{{{OF}}}", "{{job}} {{instance}} reloads"),
            (f"gl_config_reload_failed_total{{{OF}}}", "{{job}} {{instance}} reloads refused")], ""),
        ("What runs", "table", "short", 24, [(f"gl_build_info{{{OF}}} or gl_model_info{{{OF}}} or gl_rules_info{{{OF}}}", "")],
         "Versions of programs, models and rules."),
    ]),
]

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
HEIGHTS = {"stat": 4, "table": 6, "lines": 8, "stacked": 8}


def options_of(kind):
    if kind == "stat":
        return "stat", {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "value", "graphMode": "area"}, {}
    if kind == "table":
        return "table", {"showHeader": True}, {}
    custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 30 if kind == "stacked" else 5, "showPoints": "never",
              "stacking": {"mode": "normal" if kind == "stacked" else "none", "group": "A"}}
    return "timeseries", {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}, custom


def target(index, query, kind):
    expression, legend = query
    made = {"refId": chr(ord("A") + index), "datasource": DATASOURCE, "expr": expression, "legendFormat": legend or "__auto"}
    if kind in ("stat", "table"):
        made["instant"], made["range"] = True, False
    if kind == "table":
        made["format"] = "table"
    return made


def panel(identity, place, row):
    title, kind, unit, _, queries, description = row
    name, options, custom = options_of(kind)
    return {"id": identity, "type": name, "title": title, "description": description, "datasource": DATASOURCE, "gridPos": place,
            "targets": [target(i, q, kind) for i, q in enumerate(queries)],
            "fieldConfig": {"defaults": {"unit": unit, "min": 0, "custom": custom}, "overrides": []}, "options": options}


def panels():
    made, y, identity = [], 0, 1
    for title, rows in ROWS:
        made.append({"id": identity, "type": "row", "title": title, "collapsed": False, "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}, "panels": []})
        y, x, height, identity = y + 1, 0, 0, identity + 1
        for row in rows:
            wide, high = row[3], HEIGHTS[row[1]]
            if x + wide > 24:
                y, x, height = y + height, 0, 0
            made.append(panel(identity, {"x": x, "y": y, "w": wide, "h": high}, row))
            x, height, identity = x + wide, max(height, high), identity + 1
        y += height
    return made


def variable(name, label, query):
    return {"name": name, "label": label, "type": "query", "datasource": DATASOURCE, "query": {"query": query, "refId": name}, "definition": query,
            "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": ".+" if name == "instance" else "greenlane-.+",
            "current": {"text": ["All"], "value": ["$__all"]}, "hide": 0, "regex": "", "options": []}


def dashboard():
    source = {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "current": {}, "hide": 0, "regex": "",
              "refresh": 1, "options": [], "multi": False, "includeAll": False}
    alerts = {"name": "Alerts", "datasource": DATASOURCE, "enable": True, "iconColor": "red", "step": "30s", "titleFormat": "{{alertname}}",
              "textFormat": "{{job}} {{instance}}", "expr": 'ALERTS{alertname=~"Greenlane.+",alertstate="firing"}'}
    return {"uid": "greenlane", "title": "Greenlane", "description": "From acceptance to decision, stage by stage. Series: docs/METRICS.md.",
            "tags": ["greenlane"], "schemaVersion": 37, "version": 1, "editable": True, "graphTooltip": 1, "timezone": "browser", "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"}, "timepicker": {}, "links": [], "annotations": {"list": [alerts]},
            "templating": {"list": [source, variable("job", "Stage", "label_values(gl_build_info, job)"),
                                    variable("instance", "Daemon", 'label_values(gl_build_info{job=~"$job"}, instance)')]},
            "panels": panels()}


if __name__ == "__main__":
    json.dump(dashboard(), sys.stdout, indent=1)
    sys.stdout.write("\n")
