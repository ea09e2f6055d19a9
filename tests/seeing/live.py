#!/usr/bin/env python3
"""What an operator sees is true: a real Prometheus scrapes the daemons while everything that there is an alert for is done to them.

Each alert is caused and must fire; then the first step of its runbook in docs/OPERATIONS.md is run as it stands there, and must show the cause.
Every query of the dashboard returns data. What is exposed is what docs/METRICS.md says, passes promtool, and has not one series more after more
declarations of other traders. Trace headers go from the request to the decision; every log line is a JSON object.

Needs the whole stack for itself (`./dev test seeing`): it kills, stops and starts what is in it.

usage: live.py [--only CASE,...]   (GL_SEEING_SLOW=3: all of it three times slower, for a machine that is busy)
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("../support", "../e2e", "."):
    sys.path.insert(0, os.path.join(HERE, folder))
import agree  # noqa: E402
import calibration  # noqa: E402
import outside as o  # noqa: E402
import poison  # noqa: E402
import prometheus as p  # noqa: E402
import registry  # noqa: E402
import tracing  # noqa: E402
from confluent_kafka import TopicPartition  # noqa: E402
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource  # noqa: E402


def now():
    return time.strftime("%H:%M:%S")


def wait(condition, what, seconds=60):
    return o.wait_for(condition, what, seconds * p.SLOW)


# ---- daemons besides those of the stack ----

class Extra:
    """One more daemon of a stage, with settings and an environment of its own. Its log is run/STAGE.NAME.log, which `logs STAGE` reads, too."""

    def __init__(self, world, stage, name, *settings, config=None, env=None):
        self.world, self.stage, self.name = world, stage, name
        self.address = f"127.0.0.1:{o.free_ports(1)[0]}"
        self.log = os.path.join(world.run, f"{stage}.{name}.log")
        command = ["setpriv", "--pdeathsig", "KILL", os.path.join(world.build, "bin", "greenlane-" + stage), "--config",
                   config or os.path.join(o.ROOT, "config", stage + ".yaml"), "--set", "admin.listen=" + self.address]
        for one in (f"stage.instance={name}", *settings):
            command += ["--set", one]
        own = {"GREENLANE_STATE": os.path.join(world.run, "state." + name), "GREENLANE_MODELS": os.path.join(o.ROOT, "models")}
        self.command, self.environment = command, {**os.environ, **own, **(env or {})}
        self.start()
        world.extras.append(self)
        world.prometheus.add(stage, self.address)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                            env=self.environment)

    def start_if_ended(self):
        """As a service manager does."""
        if self.process.poll() is not None:
            self.start()

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=2) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def wait_ready(self):
        wait(lambda: self.get("/readyz") or self.process.poll() is not None, f"{self.stage} {self.name} is ready")
        o.check(self.process.poll() is None, f"{self.stage} {self.name} ended: see {self.log}")

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGKILL):
        """Ends it, and Prometheus forgets it."""
        self.send(number)
        self.process.wait(60)
        self.world.prometheus.remove(self.stage, self.address)
        self.world.extras.remove(self)

    def state(self):
        """Of the process, as the kernel has it: T is stopped."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0]

    def says(self, text):
        with open(self.log, encoding="utf-8") as file:
            return text in file.read()


class Load(threading.Thread):
    """Declarations, a few at a time, as long as it runs. `make` gives the next body; ingest may be away meanwhile."""

    def __init__(self):
        super().__init__(daemon=True)
        self.lock, self.pool, self.going = threading.Lock(), [], True
        self.make, self.account, self.pause = self.good, None, 0.1
        self.sent, self.mrn = 0, None

    def good(self):
        if len(self.pool) < 10:
            self.pool = o.generate(2000)
        taken, self.pool = self.pool[:10], self.pool[10:]
        return b"\n".join(taken)

    def bad(self):
        return b"\n".join(b'{"functional_reference_id":"B%d","family":"IMPORT"}' % random.randrange(10**12) for _ in range(30))

    def gibberish(self):
        lines = []
        for line in self.good().splitlines():
            one = json.loads(line)
            for item in one["items"]:
                item["description"] = "".join(random.choice("bcdfghjklmnpqrstvwxz") for _ in range(14))
            lines.append(json.dumps(one).encode())
        return b"\n".join(lines)

    def run(self):
        while self.going:
            intake = o.Intake(account=self.account)
            try:
                while self.going:
                    status, answer = intake.post(self.make())
                    self.sent += status == 202
                    self.mrn = next((r["mrn"] for r in answer["results"] if r.get("mrn")), self.mrn) if status == 202 else self.mrn
                    time.sleep(self.pause)
            except (OSError, ValueError, o.http.client.HTTPException):
                time.sleep(0.2)


# ---- the world ----

class World:
    def __init__(self):
        self.run = os.environ["GREENLANE_RUN"]
        self.build = os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build")
        self.extras = []
        self.prometheus = p.Prometheus(os.path.join(self.run, "prometheus"), o.free_ports(1)[0])
        for stage in o.STAGES:
            self.prometheus.add(stage, os.environ[stage.upper() + "_ADMIN_URL"].split("//")[1])
        self.steps = agree.runbooks()
        self.fired, self.pool = {}, concurrent.futures.ThreadPoolExecutor(8)
        self.load = Load()

    def close(self):
        self.load.going = False
        for extra in list(self.extras):
            extra.process.kill()
            extra.process.wait(20)
        self.prometheus.close()

    def shell(self, command):
        """A first step, as an operator would run it: `logs` and the addresses are what differs from place to place."""
        env = dict(os.environ, PATH=os.path.join(self.build, "bin") + ":" + os.environ["PATH"], RUN=self.run, COLUMNS="200")
        for stage in o.STAGES:
            env[stage.upper() + "_ADMIN_URL"] = ",".join(self.prometheus.targets[stage])
        result = subprocess.run(["sh", "-c", 'logs() { cat "$RUN/$1.log" "$RUN/$1".*.log 2>/dev/null; }\n' + command], env=env,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        return result.stdout.decode("utf-8", "replace")

    def expect(self, *alerts, seconds=60, meanwhile=lambda: None):
        """Each (name, labels, what the first step shows) fires while `meanwhile` is called again and again; then the steps, each command once."""
        for name, labels, _ in alerts:
            since = time.monotonic()
            wait(lambda: meanwhile() or self.prometheus.fires(name, **labels), f"{name} {labels} does not fire", seconds)
            self.fired[name] = True
            print(f"{now()} {name} fires{''.join(f' {v}' for v in labels.values())} after {time.monotonic() - since:.1f} s", flush=True)
        outputs = dict(zip(commands := sorted({self.steps[name] for name, _, _ in alerts}), self.pool.map(self.shell, commands)))
        for name, _, shows in alerts:
            output = outputs[self.steps[name]]
            o.check(re.search(shows, output), f"{name}: `{self.steps[name]}` does not show /{shows}/:\n{output}")

    def stage_signal(self, stage, number):
        os.kill(o.pid_of(stage), number)


# ---- what is done, and what must be seen ----

def own_config(world, name):
    """A copy of the configuration that may be changed."""
    folder = os.path.join(world.run, "config." + name)
    shutil.rmtree(folder, ignore_errors=True)  # of a run before this one
    shutil.copytree(os.path.join(o.ROOT, "config"), folder)
    models = os.path.join(world.run, "models")
    if not os.path.lexists(models):
        os.symlink(os.path.join(o.ROOT, "models"), models)
    return folder


def append(path, text):
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)


def case_configuration(w):
    """A risk daemon with other criteria, then a list that has ended, then a file with a mistake; beside it one that finds no broker."""
    folder = own_config(w, "other")
    criteria, a_list = os.path.join(folder, "criteria", "default.yaml"), os.path.join(folder, "lists", "watch-countries.yaml")
    append(criteria, "# changed\n")
    risk = Extra(w, "risk", "other", config=os.path.join(folder, "risk.yaml"))
    nobody = Extra(w, "decide", "nobody", env={"KAFKA_BROKERS": f"127.0.0.1:{o.free_ports(1)[0]}"})
    risk.wait_ready()
    append(a_list, "valid_until: 2020-01-01\n")
    risk.send(signal.SIGHUP)
    wait(lambda: risk.says('"reloaded"'), "the list is reloaded")
    append(criteria, "nonsense: [\n")
    risk.send(signal.SIGHUP)
    w.expect(("GreenlaneListsExpired", {"instance": risk.address}, "watch-countries"),
             ("GreenlaneConfigStale", {"instance": risk.address}, "default.yaml"),
             ("GreenlaneInstancesDiffer", {"job": "greenlane-risk", "rules": "criteria"}, rf"! risk {risk.address}: rules default-\w+, but"),
             ("GreenlaneNotReady", {"instance": nobody.address}, "kafka-unreachable"))
    risk.stop()
    nobody.stop(signal.SIGTERM)


def case_redis(w):
    wait(lambda: w.load.mrn, "a declaration is accepted")
    o.stack("stop", "redis")
    stop = threading.Event()

    def ask():
        intake = o.Intake()
        while not stop.wait(0.2):
            try:
                intake.status(w.load.mrn)
            except OSError:
                intake.connection = None

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    w.expect(("GreenlaneRedisAway", {"job": "greenlane-ingest"}, r"! ingest [\d.:]+: \d+ calls to Redis failed .*(unavailable|open)"),
             ("GreenlaneIntakeFailing", {"job": "greenlane-ingest"}, r"requests answered with an error of ours in .*503"))
    stop.set()
    asking.join()
    o.stack("start", "redis")


def case_registry(w):
    """The registry goes, and comes back without its schemas (it keeps them in memory); then they are registered again, under the same ids."""
    one = Extra(w, "decide", "registry", "registry.refresh=500ms")
    one.wait_ready()
    o.stack("kill", "registry")
    w.expect(("GreenlaneRegistryAway", {"instance": one.address}, r"BAD +schema registry"))
    o.stack("start", "registry")
    w.expect(("GreenlaneRegistryChanged", {"instance": one.address}, r'"registry-changed".*does not have it any more'))
    o.greenlane("schema", "register")
    wait(lambda: one.says('"registry-restored"') and not w.prometheus.fires("GreenlaneRegistryChanged", instance=one.address), "all is well again")
    share = o.metric("gl_assigned_partitions", "decide")
    one.stop(signal.SIGTERM)
    wait(lambda: o.metric("gl_assigned_partitions", "decide") > share, "the stack's own decide has the partitions again")


def case_newer(w):
    """A record of a newer schema, which is registered for the topic it is on and not for the next one."""
    with o.Topic("gl.declarations.accepted") as accepted, o.Topic("gl.decisions", o.decision_of) as decisions:
        accepted.wait_count(1)
        record = registry.with_new_identity(o.decode(accepted.topic, accepted.kept[0].value()), random)
        schema = json.loads(o.greenlane("schema", accepted.topic))
        section = next(f for f in schema["fields"] if f["name"] == "declaration")
        section["type"] = registry.newer_section()
        number = registry.register_directly(os.environ["SCHEMA_REGISTRY_URL"], accepted.topic + "-value", schema)
        record["declaration"]["seal_number"] = "seal 0815"
        for item in record["declaration"]["items"]:
            item["novel_count"] = 42
        registry.send(o.producer(), accepted.topic, number, schema, record, partitions=len(accepted.partitions))
        decisions.wait(lambda kept: any(d["mrn"] == record["declaration"]["mrn"] for d in kept), "the newer declaration is decided")
    w.expect(("GreenlaneFieldsDropped", {"job": "greenlane-classify"}, r'"schema-learned".*what it has more is left out'),)


def case_paused(w):
    """decide stands, declarations wait; when it goes on they were slow."""
    address = w.prometheus.targets["decide"][0]
    w.stage_signal("decide", signal.SIGUSR1)
    w.expect(("GreenlanePaused", {"instance": address}, f"! decide {address}: is paused"),
             ("GreenlaneLate", {"job": "greenlane-decide"}, r"decide +1/1 +[-0] +[\d,]+ +\d"))
    w.stage_signal("decide", signal.SIGUSR2)
    w.expect(("GreenlaneSlow", {}, r"accepted to decided"))


def unreadable(template, partitions):
    """(key, MRN, partition, value): a record of gl.declarations.accepted with a header that nobody knows, of a new declaration of `template`'s
    submitter."""
    topic = "gl.declarations.accepted"
    record = o.decode(topic, template)
    declaration = record["declaration"]
    declaration.update(functional_reference_id="P" + format(time.time_ns(), "X"), content_digest=random.randbytes(32))
    key = poison.id_of(declaration)
    mrn = poison.mrn_of(key, declaration["mrn"])
    declaration.update(declaration_id=key, mrn=mrn)
    return key, mrn, (int.from_bytes(key[:8], "big") >> 2) % partitions, b"\x01" + template[1:5] + poison.encode(topic, record)


def case_records(w):
    """A record that nobody can read, whose declaration can be told of; then an officer decides on that one, which nobody has classified."""
    with o.Topic("gl.declarations.accepted") as accepted, o.Topic("gl.notifications") as notifications:
        accepted.wait_count(1)
        key, mrn, partition, value = unreadable(accepted.kept[0].value(), len(accepted.partitions))
        producer = o.producer()
        producer.produce(accepted.topic, value, key, partition, headers={"traceparent": tracing.PARENT})
        producer.flush(20)
        notifications.wait(lambda kept: any(m.key() == key for m in kept), "the technical hold is told")
        held = next(m for m in notifications.kept if m.key() == key)
        o.check(dict(held.headers() or []).get("traceparent") == tracing.PARENT.encode(), "the notification of the hold lacks the trace header")
    w.expect(("GreenlaneDeadLetters", {"job": "greenlane-classify", "code": "envelope-magic"}, r"classify\s+envelope-magic"),
             ("GreenlaneTechnicalHolds", {"job": "greenlane-decide"}, r"classify\s+envelope-magic"))
    w.load.pause = 1
    for _ in range(6):
        o.greenlane("event", mrn, "officer-action", "hold", "--actor", "officer 7", "--account", "customs")
    w.expect(("GreenlaneDegraded", {"job": "greenlane-decide"}, r"degraded decisions"))
    w.load.pause = 0.1


def case_senders(w):
    w.load.make = w.load.bad
    w.expect(("GreenlaneRejecting", {}, r"errors in what was rejected in .*: .*missing \d+"))
    w.load.make = w.load.gibberish
    w.expect(("GreenlaneAbstaining", {}, r"items classified +.*(ABSTAINED|VAGUE) [\d.]+ %"))
    w.load.make = w.load.good


def case_findings(w):
    """What officers find of a hundred items says that the model claims too much; an instance that counts every finding sees it. It has a tariff, too."""
    path = os.path.join(own_config(w, "findings"), "classify.yaml")
    append(path, f"tariffs:\n  - {{name: EU, format: csv, file: {o.ROOT}/tests/support/tariff.csv, countries: [BE]}}\n")
    one = Extra(w, "classify", "findings", "classify.tighten=all", config=path)
    one.wait_ready()
    sent, _ = calibration.submit("formats", 110, calibration.WRONG)
    calibration.find(sent, {"found": "as-declared"}, "wrong")
    w.expect(("GreenlaneOverconfident", {"words": "3-4"}, r"\(all\) +3-4 +1\d\d  +0\.[89]\d\d  +0\.000"))
    calibration.find(sent, {"found": "unknown"}, "withdrawn")
    wait(lambda: not w.prometheus.fires("GreenlaneOverconfident"), "all is well again")
    one.stop(signal.SIGTERM)


def case_group(w):
    """One that comes and goes; one that stands still in a transaction for longer than its group waits."""
    for _ in range(3):
        one = Extra(w, "classify", "restless")
        one.wait_ready()
        wait(lambda a=one.address: w.prometheus.query(f'gl_rebalances_total{{instance="{a}",kind="assign"}} > 0'), "a scrape sees it")
        one.stop(signal.SIGTERM)
    w.expect(("GreenlaneRebalancing", {"job": "greenlane-classify"}, '"rebalance".*revoke'))
    still = Extra(w, "classify", "still", "kafka.session_timeout=2s", env={"GL_TEST_POINT": "produced:1:stop"})
    wait(lambda: still.state() == "T", "it stops itself with records in its hands")
    # Until it is given up by the others and by Prometheus.
    w.expect(("GreenlaneInstanceDown", {"instance": still.address}, f"! classify {still.address}: does not answer: no answer in time"))
    still.send(signal.SIGCONT)
    still.wait_ready()
    still.stop(signal.SIGTERM)


def case_limit(w):
    """A topic that takes less than classify writes: each record is refused, and its transaction aborted."""
    topic = "gl.declarations.classified"

    def limit(limit_bytes):
        entry = ConfigEntry("max.message.bytes", str(limit_bytes), incremental_operation=AlterConfigOpType.SET)
        admin = AdminClient({"bootstrap.servers": os.environ["KAFKA_BROKERS"]})
        for future in admin.incremental_alter_configs([ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])]).values():
            future.result(20)

    limit(200)
    try:
        w.expect(("GreenlaneRetrying", {"job": "greenlane-classify"}, "kafka-too-large"),
                 ("GreenlaneAborting", {"job": "greenlane-classify"}, r"[!-] classify [\d.:]+: \d+ transactions aborted .*kafka-too-large"))
    finally:
        limit(4 << 20)


def case_topics(w):
    """A consumer of intake topics that the broker does not let into its group: its session time-out is longer than allowed."""
    path = os.path.join(own_config(w, "topics"), "ingest.yaml")
    append(path, "\nintake_topics:\n  - {name: gl.intake.seeing, account: kcs}\n")
    one = Extra(w, "ingest", "topics", "kafka.session_timeout=2m", "ingest.listen=127.0.0.1:0", config=path)
    w.expect(("GreenlaneIntakeTopicsAway", {"instance": one.address}, "(?i)session.timeout"))
    one.stop(signal.SIGTERM)


def case_access(w):
    """An intake and a classifier that ask for credentials, and a request without one: no alert, it is counted."""
    path = os.path.join(w.run, "access.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write('submitters:\n  - account: kcs\n    keys: ["sha256:' + hashlib.sha256(b"nobody has it").hexdigest() + '"]\n')
    os.chmod(path, 0o600)
    for stage, where, body, counted in (("ingest", "/v1/declarations/26BE00000000000000", None, "gl_intake_refusals_total"),
                                        ("classify", "/v1/classify", b'{"description":"tea"}', "gl_classify_refusals_total")):
        port = o.free_ports(1)[0]
        one = Extra(w, stage, "access", f"{stage}.access={path}", f"{stage}.listen=127.0.0.1:{port}")
        one.wait_ready()
        try:
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{where}", body, {"Content-Type": "application/json"}), timeout=5)
            o.check(False, f"{stage}: a request without a credential was admitted")
        except urllib.error.HTTPError as error:
            o.check(error.code == 401, f"{stage}: a request without a credential: {error.code}")
        wait(lambda name=counted, at=one.address: w.prometheus.query(f'{name}{{instance="{at}"}} > 0'), "the refusal is scraped")
        one.stop(signal.SIGTERM)


def case_twins(w):
    """Two that use one transactional id: they throw each other out, and come back."""
    first = Extra(w, "risk", "twin")
    first.wait_ready()
    twins = (first, Extra(w, "risk", "twin2", "stage.instance=twin"))

    def come_back():
        for one in twins:
            one.start_if_ended()

    w.expect(("GreenlaneFenced", {"job": "greenlane-risk"}, "fenced"), meanwhile=come_back)
    for one in twins:
        one.stop()


def case_clock(w):
    """The wall clock jumps under a running daemon."""
    library = o.faketime_library()
    o.check(library is not None, "libfaketime is not installed")
    path = os.path.join(w.run, "clock")

    def set_clock(offset):
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(f"{offset:+d}\n")
        os.rename(path + ".new", path)

    set_clock(0)
    one = Extra(w, "decide", "clock", env={"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": path, "FAKETIME_CACHE_DURATION": "1",
                                           "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"})
    one.wait_ready()
    set_clock(7200)
    w.expect(("GreenlaneTimersSuspended", {"instance": one.address}, f"! decide {one.address}: keeps time limits back"))
    set_clock(0)
    one.stop()


def delete_all(topic):
    """As retention does."""
    admin = AdminClient({"bootstrap.servers": os.environ["KAFKA_BROKERS"]})
    partitions = admin.list_topics(topic, 10).topics[topic].partitions
    for future in admin.delete_records([TopicPartition(topic, n, -1) for n in partitions]).values():
        future.result(20)


def case_retention(w):
    """classify is away while its input is deleted."""
    o.stack("stop", "classify")
    before = w.load.sent
    wait(lambda: w.load.sent > before + 3, "more declarations")
    topic = "gl.declarations.accepted"
    delete_all(topic)
    o.stack("start", "classify")
    w.expect(("GreenlaneRecordsLost", {"job": "greenlane-classify", "topic": topic}, r"gl.declarations.accepted \[\d\]: offsets \d+ to \d+"))


def case_webhook(w):
    """A webhook where nobody answers; then what waits for it is deleted while its ingest is away."""
    path = os.path.join(own_config(w, "webhook"), "ingest.yaml")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    hook = f"  - name: default\n    webhook_url: http://127.0.0.1:{o.free_ports(1)[0]}/\n    webhook_secret: it-is-never-shown-to-anybody\n"
    o.check(text.count("  - name: default\n") == 1, "ingest.yaml has an account default")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("  - name: default\n", hook))
    one = Extra(w, "ingest", "webhook", "ingest.listen=127.0.0.1:0", "push.webhook_private=true", "push.webhook_retry_limit=1s", config=path)
    w.expect(("GreenlaneWebhookFailing", {"instance": one.address}, r"default: its webhook does not answer"))
    one.send(signal.SIGKILL)
    one.process.wait(60)
    delete_all("gl.notifications")
    one.start()
    w.expect(("GreenlaneWebhookGap", {"job": "greenlane-ingest"}, r"default: retention deleted outcomes of \d partitions"), seconds=90)
    o.check(not one.says("never-shown"), "the log shows the secret")
    one.stop(signal.SIGTERM)


def case_stuck(w):
    """A worker that hangs between two steps of a commit."""
    one = Extra(w, "classify", "stuck", env={"GL_TEST_POINT": "produced:1:hang"})
    w.expect(("GreenlaneStuck", {"instance": one.address}, rf'! classify {one.address}: has a worker that does not get on: \d+ s at "produce"'))
    one.stop(signal.SIGKILL)


def case_gone(w):
    address = w.prometheus.targets["ingest"][0]
    o.stack("kill", "ingest")
    w.expect(("GreenlaneInstanceDown", {"instance": address}, f"! ingest {address}: does not answer: .*refused"),
             ("GreenlaneStageGone", {"job": "greenlane-ingest"}, "ingest +0/1"))
    o.stack("start", "ingest")


CASES = {name[5:]: function for name, function in list(globals().items()) if name.startswith("case_")}


# ---- what holds besides ----

def exposed(stage):
    with urllib.request.urlopen(os.environ[stage.upper() + "_ADMIN_URL"] + "/metrics", timeout=5) as answer:
        return answer.read().decode()


def series_of(text):
    return {line.rpartition(" ")[0] for line in text.splitlines() if line and not line.startswith("#")}


def check_growth():
    """Other traders, other goods, other numbers: not one series more."""
    def send(count, account, seed):
        status, answer = o.Intake(account=account).post(b"\n".join(o.greenlane("generate", "--count", count, "--seed", seed, "--prefix", o.new_prefix(),
                                                                               "--format", "ndjson").splitlines()))
        o.check(status == 202, f"{status} {answer}")
        return {r["mrn"] for r in answer["results"]}

    with o.Topic("gl.decisions", o.decision_of) as decisions:
        mrns = send(300, "kcs", 11)
        decisions.wait(lambda kept: mrns <= {d["mrn"] for d in kept}, "the first are decided")
        before = {stage: series_of(exposed(stage)) for stage in o.STAGES}
        mrns = send(1500, "cds", 12)
        decisions.wait(lambda kept: mrns <= {d["mrn"] for d in kept}, "the others are decided")
        lrns = {d["lrn"] for d in decisions.kept}
    for stage in o.STAGES:
        text = exposed(stage)
        more = {s for s in series_of(text) - before[stage] if not s.startswith("gl_worker_silent_seconds")}
        o.check(not more, f"{stage}: series that came with more declarations: {sorted(more)[:5]}")
        values = set(re.findall(r'="([^"]*)"', text))
        o.check(not values & (mrns | lrns | {"cds", "kcs"}), f"{stage}: a label holds an MRN, an LRN or an account")
    print(f"{now()} {sum(map(len, before.values()))} series, the same after 1,500 more declarations", flush=True)


def check_health(w):
    """With load and all well nothing fires that is not about the speed of this machine."""
    of_speed = {"GreenlaneLate", "GreenlaneSlow", "GreenlaneStuck", "GreenlaneRedisAway", "GreenlaneIntakeFailing"}
    end = time.monotonic() + 6
    while time.monotonic() < end:
        firing = {a["alertname"] for a in w.prometheus.firing()} - of_speed
        o.check(not firing, f"all is well, and these fire: {firing}")
        time.sleep(0.2)


def check_exposition(w, complete):
    """promtool has nothing to say; families, types and labels are those of docs/METRICS.md, and all of them are there."""
    documented, seen = agree.documented(), set()
    for stage in o.STAGES:
        text = exposed(stage)
        lint = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True, check=False)
        o.check(lint.returncode == 0 and not lint.stderr + lint.stdout, f"{stage}: promtool: {(lint.stderr + lint.stdout).decode()}")
        for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M):
            o.check(name in documented and documented[name][0] == kind, f"{stage}: {name} ({kind}) is not in docs/METRICS.md")
            seen.add(name)
        for name, labels in re.findall(r"^([a-z_]+)\{(.*)\} \S+$", text, re.M):
            base = name if name in documented else re.sub(r"_(bucket|sum|count)$", "", name)
            found = set(re.findall(r'(\w+)="', labels)) - {"le"}
            o.check(found == documented[base][1], f"{stage}: {name} has the labels {found}, documented {documented[base][1]}")
    # Those that a daemon which is there no more has shown.
    seen |= {labels["__name__"] for labels in w.prometheus.get("/api/v1/series", **{"match[]": '{__name__=~"gl_.+|process_.+"}'})}
    missing = [name for name in documented if name not in seen and name + "_bucket" not in seen]
    o.check(not complete or not missing, f"documented, and never exposed: {missing}")
    print(f"{now()} {len(seen)} names agree with docs/METRICS.md", flush=True)


def score_some(w):
    """The parcels of the load are not scored; these are."""
    body = o.greenlane("generate", "--count", 50, "--seed", time.time_ns() % 1_000_000_007, "--prefix", o.new_prefix(), "--format", "kcs")
    status, answer = o.Intake(account="kcs").post(body, "text/csv", "kcs")
    o.check(status == 202, f"{status} {str(answer)[:300]}")
    wait(lambda: w.prometheus.query("sum(rate(gl_risk_score_count[10m])) > 0"), "scores are scraped")


def ask_classify(w):
    """Somebody asks the classifier over HTTP."""
    desk = o.Intake(url=os.environ["CLASSIFY_URL"])

    def asked():
        status, answer = desk.call("POST", "/v1/classify", b'{"description": "jigsaw puzzle for children"}', "application/json")
        o.check(status == 200, f"{status} {answer}")
        return w.prometheus.query('sum(rate(gl_http_requests_total{route="/v1/classify"}[10m])) > 0')

    wait(asked, "what is asked of the classifier is scraped")


def check_panels(w):
    """Every query of the dashboard, over the time of this test."""
    score_some(w)
    ask_classify(w)
    empty = []
    for where, query in agree.queries():
        for variable, value in (("$job", "greenlane-.+"), ("$instance", ".+"), ("$__rate_interval", "10m"), ("$__range", "10m")):
            query = query.replace(variable, value)
        found = [value for _, value in w.prometheus.query(query)]
        if not any(value == value for value in found):  # not a NaN
            empty.append(f"{where}: {query}")
    o.check(not empty, "queries without data:\n" + "\n".join(empty))
    print(f"{now()} {len(agree.queries())} queries of the dashboard return data", flush=True)


def check_logs(w):
    """Every line of every daemon."""
    lines = 0
    for name in sorted(os.listdir(w.run)):
        if not re.fullmatch(rf"({'|'.join(o.STAGES)})(\.\w+)?\.log", name):
            continue
        with open(os.path.join(w.run, name), encoding="utf-8") as file:
            for line in file:
                one = json.loads(line)
                o.check({"time", "level", "stage", "code", "message"} <= one.keys() <= {"time", "level", "stage", "code", "message", "action", "left_out"},
                        f"{name}: {line}")
                lines += 1
    print(f"{now()} {lines} log lines are JSON objects", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="cases, with commas between them: " + ", ".join(CASES))
    args = parser.parse_args()
    o.need_stack()
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        o.skip("there is no prometheus here: ./dev test seeing brings it")
    names = args.only.split(",") if args.only else list(CASES)
    w = World()
    try:
        wait(w.prometheus.answers, "all four are scraped")
        tracing.main()
        check_growth()
        w.load.start()
        check_health(w)
        for name in names:
            CASES[name](w)
        if not args.only:
            missing = [name for name, _, _ in agree.alerts() if name not in w.fired]
            o.check(not missing, f"alerts that nothing caused: {missing}")
            check_panels(w)
        check_exposition(w, not args.only)
        check_logs(w)
    finally:
        w.close()


if __name__ == "__main__":
    main()
