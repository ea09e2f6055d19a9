"""A Prometheus of this process's own that scrapes the daemons every second, with the project's rules at a shorter scale.

Always holds: a rule differs from deploy/prometheus/alerts.yml in nothing but its durations (all divided by SCALE) and the thresholds named in
THRESHOLDS, each of which must be there as it is written. GL_SEEING_SLOW=3 makes all of it three times slower, for a machine that is busy.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import outside as o  # noqa: E402

SLOW = float(os.environ.get("GL_SEEING_SLOW") or 1)
SCALE = 100 / SLOW
SCRAPE_MS = int(1000 * SLOW)
UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000}
THRESHOLDS = {"GreenlaneStuck": ("> 60", "> 12"), "GreenlaneLate": ("> 60", "> 3"), "GreenlaneSlow": ("> 10", "> 2"),
              "GreenlaneWebhookFailing": ("> 900", "> 2"),
              "GreenlaneAborting": ("> 3", "> 0"), "GreenlaneRebalancing": ("> 10", "> 1")}


def shorter(text):
    """Durations of ranges, offsets and `for`, none below two scrapes."""
    def one(match):
        return match.group(1) + str(max(2 * SCRAPE_MS, int(int(match.group(2)) * UNITS_MS[match.group(3)] / SCALE))) + "ms" + match.group(4)

    return re.sub(r"(\[|offset |for: )(\d+)([smh])(\]|\b)", one, text)


def rules():
    with open(os.path.join(ROOT, "deploy", "prometheus", "alerts.yml"), encoding="utf-8") as file:
        head, *parts = file.read().split("- alert: ")
    made = [head]
    for part in parts:
        name = part.split("\n")[0].strip()
        if name in THRESHOLDS:
            wanted, instead = THRESHOLDS[name]
            o.check(part.count(wanted + "\n") == 1, f"alerts.yml: {name} has no threshold '{wanted}'")
            part = part.replace(wanted + "\n", instead + "\n")
        made.append(shorter(part))
    return "- alert: ".join(made)


CONFIG = f"""global: {{scrape_interval: {SCRAPE_MS}ms, scrape_timeout: {SCRAPE_MS}ms, evaluation_interval: {SCRAPE_MS // 2}ms}}
rule_files: [alerts.yml]
scrape_configs:
"""


class Prometheus:
    """Targets come and go: targets.json is looked at whenever it changes."""

    def __init__(self, folder, port):
        self.folder, self.url, self.targets = folder, f"http://127.0.0.1:{port}", {stage: [] for stage in o.STAGES}
        shutil.rmtree(folder, ignore_errors=True)  # of a run before this one
        os.makedirs(folder)
        with open(os.path.join(folder, "alerts.yml"), "w", encoding="utf-8") as file:
            file.write(rules())
        with open(os.path.join(folder, "prometheus.yml"), "w", encoding="utf-8") as file:
            file.write(CONFIG)
            for stage in o.STAGES:
                file.write(f"  - job_name: greenlane-{stage}\n    file_sd_configs: [{{files: [{stage}.json], refresh_interval: 1s}}]\n")
        self._write()
        with open(os.path.join(folder, "prometheus.log"), "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "prometheus", "--config.file", os.path.join(folder, "prometheus.yml"), "--storage.tsdb.path",
                 os.path.join(folder, "data"), "--web.listen-address", f"127.0.0.1:{port}", "--log.level", "warn"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        o.wait_for(self._is_up, "Prometheus listens", 60 * SLOW)

    def _is_up(self):
        o.check(self.process.poll() is None, f"prometheus ended; see {self.folder}/prometheus.log")
        try:
            return self.query("vector(1)")
        except OSError:
            return False

    def _write(self):
        for stage, addresses in self.targets.items():
            path = os.path.join(self.folder, stage + ".json")
            with open(path + ".new", "w", encoding="utf-8") as file:
                json.dump([{"targets": addresses}], file)
            os.rename(path + ".new", path)

    def add(self, stage, address):
        self.targets[stage].append(address)
        self._write()

    def remove(self, stage, address):
        self.targets[stage].remove(address)
        self._write()

    def get(self, path, **query):
        with urllib.request.urlopen(f"{self.url}{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
            return json.loads(answer.read())["data"]

    def query(self, expression):
        """[(labels, value)]"""
        return [(r["metric"], float(r["value"][1])) for r in self.get("/api/v1/query", query=expression)["result"]]

    def answers(self):
        return len(self.query("up == 1")) == sum(map(len, self.targets.values()))

    def firing(self):
        return [labels for labels, _ in self.query('ALERTS{alertstate="firing"}')]

    def fires(self, name, **labels):
        return any(a["alertname"] == name and all(a.get(k) == v for k, v in labels.items()) for a in self.firing())

    def close(self):
        self.process.terminate()
        self.process.wait(20)
