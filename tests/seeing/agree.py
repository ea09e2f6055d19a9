#!/usr/bin/env python3
"""Names agree: docs/METRICS.md (which is generated from the daemons' tables) against the alert rules, the dashboard and `greenlane top`; the
alerts against their runbooks. Needs no server; what promtool checks is left out where there is no promtool.

usage: agree.py
"""
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# Every label there is. Each has as many values as there are ...: nothing here grows with traders, declarations or goods.
BOUNDED = {
    "stage": "stages", "version": "versions in use", "librdkafka": "versions in use", "model": "models", "rules": "kinds of rules",
    "topic": "topics", "partition": "partitions", "worker": "workers", "step": "steps of a batch", "kind": "kinds of rebalance",
    "reason": "error codes", "code": "error codes", "result": "results in the code", "status": "statuses in the code", "route": "routes",
    "agreement": "enum of the schema", "verdict": "enum of the schema", "digits": "levels of a code", "chapter": "chapters of the HS", "words": "lengths of texts", "tariff": "tariffs of the configuration", "valid_from": "its entries of one tariff", "cache": "caches", "source": "registry and disk", "lane": "enum of the schema", "outcome": "enum of the schema", "cause": "enum of the schema",
}
OF_PROMETHEUS = {"job", "instance", "le", "alertname", "alertstate", "severity"}
WORDS = {"by", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "offset", "without", "bool"}
FUNCTIONS = {"sum", "max", "min", "avg", "count", "rate", "increase", "histogram_quantile", "absent", "vector", "time", "clamp_min", "ln", "topk"}


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def documented():
    """{name: (type, labels)} of docs/METRICS.md."""
    found = {}
    for name, kind, labels in re.findall(r"^\| `([a-z_]+)` \| (\w+) \| ([^|]*)\|", text("docs/METRICS.md"), re.M):
        found[name] = (kind, set(re.findall(r"`(\w+)`", labels)))
    return found


def alerts():
    """[(name, expression, runbook)] of the rules: one form of YAML, written by hand."""
    found = []
    for part in text("deploy/prometheus/alerts.yml").split("- alert: ")[1:]:
        body = re.search(r"expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)", part)
        found.append((part.split("\n")[0].strip(), body.group(1) or body.group(2), re.search(r"runbook_url: (\S+)", part).group(1)))
    return found


def queries():
    """[(where, PromQL)] of the dashboard."""
    dashboard = json.loads(text("deploy/grafana/greenlane.json"))
    found = [(f"panel {p['title']}", t["expr"]) for p in dashboard["panels"] for t in p.get("targets", [])]
    return found + [("annotations", a["expr"]) for a in dashboard["annotations"]["list"]]


def check_query(where, query, metrics):
    """Every name in it is a metric that is documented with these labels, or one of Prometheus's own."""
    wrong = []
    bare = re.sub(r'"[^"]*"', '""', query)
    labels = {label for inside in re.findall(r"\{([^}]*)\}", bare) for label in re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", inside)}
    for group in re.findall(r"(?:by|on|ignoring|group_left)\s*\(([^)]*)\)", bare):
        labels |= {w.strip() for w in group.split(",") if w.strip()}
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|(?:by|on|ignoring|group_left)\s*\([^)]*\)|offset \w+", " ", bare)
    names = set(re.findall(r"[a-zA-Z_][a-zA-Z0-9_]*", bare)) - WORDS - FUNCTIONS - {"up", "ALERTS", "label_values"}
    allowed = set(OF_PROMETHEUS)
    for name in names:
        base = name if name in metrics else re.sub(r"_(bucket|sum|count)$", "", name)
        if base not in metrics or (base != name and metrics[base][0] != "histogram"):
            wrong.append(f"{where}: {name} is not in docs/METRICS.md")
            continue
        if base == name and metrics[base][0] == "histogram":
            wrong.append(f"{where}: {name} is a histogram: _bucket, _sum or _count")
        allowed |= metrics[base][1]
    wrong += [f"{where}: no metric of it has a label {label}" for label in sorted(labels - allowed)]
    return wrong


def check_labels(metrics):
    return [f"{name}: the label {label} is not known to be bounded: add it to BOUNDED in agree.py with what bounds it, or leave it out"
            for name, (_, labels) in metrics.items() for label in sorted(labels) if label not in BOUNDED]


def check_top(metrics):
    source = text("cli/board.c")
    names = set(re.findall(r'"((?:gl|process)_[a-z_]+)"', source))
    return [f"cli/board.c: {name} is not in docs/METRICS.md" for name in sorted(names - metrics.keys())]


def check_pages(metrics):
    names = set(re.findall(r"`((?:gl|process)_[a-z_]+)`", text("docs/OPERATIONS.md")))
    return [f"docs/OPERATIONS.md: {name} is not in docs/METRICS.md" for name in sorted(names - metrics.keys())]


def runbooks():
    """{alert: its first step}, the first indented line below its heading."""
    section = text("docs/OPERATIONS.md").split("\n## Alerts\n")[1].split("\n## ")[0]
    found = {}
    for part in section.split("\n### ")[1:]:
        step = re.search(r"^    (\S.*)$", part, re.M)
        found[part.split("\n")[0].strip()] = step.group(1).strip() if step else None
    return found


def check_runbooks():
    wrong, known = [], runbooks()
    names = [name for name, _, _ in alerts()]
    wrong += [f"alerts.yml: {name} is there twice" for name in set(names) if names.count(name) > 1]
    for name, _, runbook in alerts():
        if runbook != "docs/OPERATIONS.md#" + name.lower():
            wrong.append(f"alerts.yml: {name}: its runbook is docs/OPERATIONS.md#{name.lower()}, not {runbook}")
        if not known.get(name):
            wrong.append(f"docs/OPERATIONS.md: {name} has no runbook with a first step")
    wrong += [f"docs/OPERATIONS.md: there is no alert {name}" for name in known if name not in names]
    tested = text("tests/seeing/alerts_test.yml") + text("tests/seeing/live.py")
    wrong += [f"tests/seeing: {name} is not caused in live.py and alerts_test.yml" for name in names if tested.count(name) < 2]
    return wrong


def check_dashboard():
    dashboard = json.loads(text("deploy/grafana/greenlane.json"))
    made = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "dashboard.py")], capture_output=True, text=True, check=True).stdout
    wrong = [] if made == text("deploy/grafana/greenlane.json") else ["deploy/grafana/greenlane.json: is not what tools/dashboard.py prints: ./dev docs"]
    taken = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        for y in range(place["y"], place["y"] + place["h"]):
            for x in range(place["x"], place["x"] + place["w"]):
                if (x, y) in taken or x >= 24:
                    wrong.append(f"dashboard: {panel['title']} lies over {taken.get((x, y), 'the edge')}")
                taken[x, y] = panel["title"]
    if len({p["id"] for p in dashboard["panels"]}) != len(dashboard["panels"]):
        wrong.append("dashboard: an id is there twice")
    return sorted(set(wrong))


def check_promtool():
    if shutil.which("promtool") is None:
        print("without promtool: its checks are left out")
        return []
    wrong = []
    for command in (["check", "rules", "deploy/prometheus/alerts.yml"], ["check", "config", "deploy/prometheus/prometheus.yml"],
                    ["test", "rules", "tests/seeing/alerts_test.yml"]):
        result = subprocess.run(["promtool", *command], cwd=ROOT, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            wrong.append(f"promtool {' '.join(command)}: {result.stdout}{result.stderr}")
    return wrong


def main():
    metrics = documented()
    wrong = check_labels(metrics) + check_top(metrics) + check_pages(metrics) + check_runbooks() + check_dashboard() + check_promtool()
    for where, query in [(name, expression) for name, expression, _ in alerts()] + queries():
        wrong += check_query(where, query, metrics)
    if len(metrics) < 50:
        wrong.append(f"docs/METRICS.md: only {len(metrics)} metrics were found")
    print(*wrong, sep="\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
