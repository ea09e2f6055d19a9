#!/usr/bin/env python3
"""The schema registry: a real Apicurio behind TLS and credentials, the four daemons, and Confluent's own deserializer.

- before the schemas are registered a daemon is not ready and says why; after `greenlane schema register` it is;
- wrong certificates and credentials are refused with a message that says so and tells no secret;
- what the stages write is read through the registry by confluent_kafka's AvroDeserializer;
- a record of a newer declaration schema goes through all stages, and through an event's decision, with what it has more;
- an incompatible schema and an unknown id are dead letters with their codes, and only those records;
- while the registry is away, broken, slow or talks nonsense, declarations are cleared, and the daemons say that it is;
- a decision that needs a schema which nobody can tell waits, and the daemon says for what; a registry that lost its schemas is noticed;
- daemons start again without it from their disk cache; without a cache they wait, not ready, and end when told.

Brings its own daemons; needs KAFKA_BROKERS, REDIS_URL and a SCHEMA_REGISTRY_URL of its own (`./dev test registry`).

usage: registry.py [--count 200]
"""
import argparse
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
sys.path.insert(0, HERE)
import gate as g  # noqa: E402
import outside as o  # noqa: E402
import poison  # noqa: E402
from outside import fastavro  # noqa: E402
from confluent_kafka.schema_registry import SchemaRegistryClient  # noqa: E402
from confluent_kafka.schema_registry.avro import AvroDeserializer  # noqa: E402
from confluent_kafka.serialization import MessageField, SerializationContext  # noqa: E402

PASSED_ON = ("gl.declarations.accepted", "gl.declarations.classified", "gl.declarations.assessed", "gl.decisions")
NOVEL = "seal 0815"
WAIT_S = 2
PATIENCE_S = 240  # nothing is measured here: a machine that is busy with other things may take its time
NOBODYS = 900000  # ids from here on are nobody's
BEGAN = time.monotonic()


def told(text):
    print(f"{time.monotonic() - BEGAN:5.1f} s  {text}", flush=True)


# ---- the daemons ----

class Daemon:
    def __init__(self, stage, folder, environment, *settings):
        self.stage, self.folder = stage, folder
        self.log_path = os.path.join(folder, f"{stage}.log")
        self.port_file = os.path.join(folder, f"{stage}.port")
        if os.path.exists(self.port_file):
            os.unlink(self.port_file)
        binary = os.path.join(os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build"), "bin", "greenlane-" + stage)
        sets = ["admin.listen=127.0.0.1:0", f"admin.port_file={self.port_file}", f"registry.wait={WAIT_S}s", "registry.timeout=5s", *settings]
        # It ends with this process, even when that is killed.
        command = ["setpriv", "--pdeathsig", "KILL", binary, "--config", os.path.join(o.ROOT, "config", stage + ".yaml")]
        for one in sets:
            command += ["--set", one]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=o.ROOT)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def url(self):
        def port():
            o.check(self.process.poll() is None, f"{self.stage} ended: {self.log()[-2000:]}")
            try:
                with open(self.port_file, encoding="ascii") as file:
                    return int(file.read())
            except (OSError, ValueError):
                return None
        return f"http://127.0.0.1:{o.wait_for(port, self.stage + ' listens', PATIENCE_S)}"

    def ready(self):
        try:
            with urllib.request.urlopen(self.url() + "/readyz", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait_ready(self, text="ready"):
        o.wait_for(lambda: self.ready()[0] == 200 and text in self.ready()[1], f"{self.stage} says '{text}'", PATIENCE_S)
        os.environ[self.stage.upper() + "_ADMIN_URL"] = self.url()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


class System:
    def __init__(self, folder, gate, certificates):
        self.folder, self.gate = folder, gate
        self.daemons = {}
        password = os.path.join(folder, "password")
        with open(password, "w", encoding="ascii") as file:
            file.write(g.PASSWORD + "\n")
        self.intake_port = o.free_ports(1)[0]
        self.environment = {**os.environ, "SCHEMA_REGISTRY_URL": gate.url, "SCHEMA_REGISTRY_CA_FILE": certificates("ca.pem"),
                            "SCHEMA_REGISTRY_CERTIFICATE_FILE": certificates("client.pem"),
                            "SCHEMA_REGISTRY_KEY_FILE": certificates("client.key"), "SCHEMA_REGISTRY_USER": g.USER,
                            "SCHEMA_REGISTRY_PASSWORD_FILE": password, "GREENLANE_STATE": os.path.join(folder, "state"),
                            "GREENLANE_INBOX": os.path.join(folder, "inbox"), "INGEST_LISTEN": f"127.0.0.1:{self.intake_port}"}
        os.makedirs(os.path.join(folder, "inbox"), exist_ok=True)
        # The command runs in the same environment.
        os.environ.update({k: v for k, v in self.environment.items() if k.startswith("SCHEMA_REGISTRY_")})
        os.environ["INGEST_URL"] = f"http://127.0.0.1:{self.intake_port}"

    def start(self, stage, *settings):
        self.daemons[stage] = Daemon(stage, self.folder, self.environment, *settings)
        return self.daemons[stage]

    def start_all(self, text="ready"):
        for stage in o.STAGES:
            if stage not in self.daemons:
                self.start(stage)
        for daemon in self.daemons.values():
            daemon.wait_ready(text)

    def stop_all(self):
        for daemon in self.daemons.values():
            if daemon.process.poll() is None:
                daemon.process.send_signal(signal.SIGTERM)
        codes = {stage: daemon.stop() for stage, daemon in self.daemons.items()}
        self.daemons = {}
        return codes


# ---- reading, with Confluent's own ----

class Reader:
    def __init__(self, registry_url):
        self.client = SchemaRegistryClient({"url": registry_url})
        self.deserialize = AvroDeserializer(self.client)

    def topic(self, name):
        def keep(message):
            if message.value() is None or int.from_bytes(message.value()[1:5], "big") >= NOBODYS:
                return None
            record = self.deserialize(message.value(), SerializationContext(name, MessageField.VALUE))
            if "mrn" not in record["declaration"]:
                return None  # the stranger's
            return {"record": record, "id": int.from_bytes(message.value()[1:5], "big"), "raw": message.value(), "partition": message.partition(),
                    "offset": message.offset(), "key": message.key()}
        return o.Topic(name, keep)


def submit(count):
    status, answer = o.Intake(account="inputs", patience_s=60).post(b"\n".join(o.generate(count)))
    o.check(status == 202, f"submission: {status} {answer}")
    mrns = {r["mrn"] for r in answer["results"] if r["status"] == "accepted"}
    o.check(mrns, f"nothing of {count} was accepted")
    return mrns


def mrn_in(kept):
    return {one["record"]["declaration"]["mrn"] for one in kept}


def clear(decisions, count, what):
    mrns = submit(count)
    decisions.wait(lambda kept: mrns <= mrn_in(kept), what, PATIENCE_S)
    return mrns


# ---- schemas ----

def section_of(topic):
    return next(f["type"] for f in json.loads(o.greenlane("schema", topic))["fields"] if f["name"] == "declaration")


def newer_section():
    """A declaration with one field more at its end, and one more in its goods items."""
    section = section_of("gl.declarations.accepted")
    section["fields"].append({"name": "seal_number", "type": ["null", "string"], "default": None})
    items = next(f["type"]["items"] for f in section["fields"] if f["name"] == "items")
    items["fields"].append({"name": "novel_count", "type": "int", "default": 0})
    return section


def send(producer, topic, schema_id, schema, record, template_key=None, partitions=None):
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(schema), record)
    declaration = record["declaration"]
    producer.produce(topic, value=b"\0" + schema_id.to_bytes(4, "big") + body.getvalue(), key=template_key or declaration["declaration_id"],
                     partition=(int.from_bytes(declaration["declaration_id"][:8], "big") >> 2) % (partitions or PARTITIONS))
    o.check(producer.flush(30) == 0, "a record was not delivered")


def with_new_identity(record, rng):
    """The same declaration once more, under an LRN of its own."""
    record = json_copy(record)
    declaration = record["declaration"]
    declaration["functional_reference_id"] = "R" + rng.randbytes(8).hex()
    declaration["declaration_id"] = poison.id_of(declaration)
    declaration["mrn"] = poison.mrn_of(declaration["declaration_id"], declaration["mrn"])
    declaration["content_digest"] = rng.randbytes(32)
    return record


def json_copy(value):
    if isinstance(value, dict):
        return {k: json_copy(v) for k, v in value.items()}
    return [json_copy(v) for v in value] if isinstance(value, list) else value


PARTITIONS = 0


# ---- the steps ----

def before_registration(system):
    daemon = system.start("classify", "stage.start_deadline=1h")
    o.wait_for(lambda: daemon.ready() == (503, "waiting for the schema registry\n"), "classify waits for the registry", PATIENCE_S)
    o.wait_for(lambda: "greenlane schema register" in daemon.log(), "classify says what to do", PATIENCE_S)
    schemas = len(o.greenlane("schema").splitlines())
    out = o.greenlane("schema", "check").decode()
    o.check(out.count(" new") == schemas, f"schema check of an empty registry: {out}")
    o.greenlane("schema", "register", "--compatibility", "BACKWARD")
    daemon.wait_ready()
    out = o.greenlane("schema", "check").decode()
    o.check(out.count(" registered") == schemas, f"schema check after registration: {out}")
    told("registration: classify waited for it, and was ready after it")


def refused(environment, says, *silent):
    binary = os.path.join(os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build"), "bin", "greenlane")
    result = subprocess.run([binary, "schema", "check"], env=environment, capture_output=True, check=False, timeout=120)
    text = result.stderr.decode() + result.stdout.decode()
    o.check(result.returncode != 0 and says in text, f"exit {result.returncode}, '{says}' is not in: {text}")
    for secret in silent:
        o.check(secret not in text, f"a secret is in: {text}")


def credentials(system, certificates):
    good = {k: v for k, v in system.environment.items() if k != "SCHEMA_REGISTRY_PASSWORD_FILE"} | {"SCHEMA_REGISTRY_PASSWORD": g.PASSWORD}
    no_user = {k: v for k, v in good.items() if k not in ("SCHEMA_REGISTRY_USER", "SCHEMA_REGISTRY_PASSWORD")}
    no_certificate = {k: v for k, v in good.items() if k not in ("SCHEMA_REGISTRY_CERTIFICATE_FILE", "SCHEMA_REGISTRY_KEY_FILE")}
    refused(good | {"SCHEMA_REGISTRY_PASSWORD": "wr0ng-secret"}, "credentials", "wr0ng-secret")
    refused(no_user, "credentials")
    refused(no_user | {"SCHEMA_REGISTRY_TOKEN": "wr0ng-token"}, "credentials", "wr0ng-token")
    refused(no_certificate, "registry-unavailable", g.PASSWORD)
    refused(good | {"SCHEMA_REGISTRY_CA_FILE": certificates("other-ca.pem")}, "certificate", g.PASSWORD)
    refused(good | {"SCHEMA_REGISTRY_URL": good["SCHEMA_REGISTRY_URL"].replace("https://", "https://a:b@")}, "registry.url")
    for fine in (good, no_user | {"SCHEMA_REGISTRY_TOKEN": g.TOKEN}):
        binary = os.path.join(os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build"), "bin", "greenlane")
        result = subprocess.run([binary, "schema", "check"], env=fine, capture_output=True, check=False, timeout=120)
        o.check(result.returncode == 0, f"right credentials: {result.stderr.decode()}")
    binary = os.path.join(os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build"), "bin", "greenlane-classify")
    printed = subprocess.run([binary, "--print-config"], env=good, capture_output=True, check=True).stdout.decode()
    o.check(g.PASSWORD not in printed and "(secret)" in printed, f"--print-config tells the password: {printed}")
    told("credentials: six wrong ones are refused, with a reason and without a secret; basic, bearer and a client certificate are taken")


def act(mrn, code):
    """An officer's action."""
    action = {"event_id": f"{code}-{mrn}-{time.time_ns()}", "mrn": mrn, "type": "OFFICER_ACTION", "code": code, "actor": "officer 7",
              "text": "to be looked at", "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    status, answer = o.Intake(account="customs", patience_s=60).call("POST", "/v1/events", json.dumps(action).encode(), "application/json")
    o.check(status == 202, f"event: {status} {answer}")


def check_version(decisions, record, version):
    """The declaration's decisions are as many as `version`, and the last has all of the declaration."""
    mrn = record["declaration"]["mrn"]
    versions = lambda: [one for one in decisions.kept if one["record"]["declaration"]["mrn"] == mrn]  # noqa: E731
    decisions.wait(lambda _: len(versions()) == version, f"version {version} of a decision", PATIENCE_S)
    o.check(versions()[-1]["record"]["declaration"] == record["declaration"], "what is newer was lost in the state")
    o.check(not versions()[-1]["record"]["decision"]["degraded"], "the decision is degraded")


def newer(system, reader, topics, rng):
    """Returns a record with the newer schema's fields, which has two decisions."""
    with tempfile.NamedTemporaryFile("w", suffix=".avsc", delete=False) as file:
        json.dump(newer_section(), file, indent=2)
    out = o.greenlane("schema", "check", "--section", f"declaration={file.name}").decode()
    o.check(out.count(" compatible") == 4, f"check of a newer section: {out}")
    o.greenlane("schema", "register", "--section", f"declaration={file.name}")
    latest = reader.client.get_latest_version("gl.declarations.accepted-value")
    schema = json.loads(latest.schema.schema_str)
    template = topics["gl.declarations.accepted"].kept[0]["record"]
    record = with_new_identity(template, rng)
    record["declaration"]["seal_number"] = NOVEL
    for item in record["declaration"]["items"]:
        item["novel_count"] = 42
    mrn = record["declaration"]["mrn"]
    send(o.producer(), "gl.declarations.accepted", latest.schema_id, schema, record)
    for name in PASSED_ON:
        topics[name].wait(lambda kept, m=mrn: m in mrn_in(kept), f"{name}: the newer declaration", PATIENCE_S)
        found = [one for one in topics[name].kept if one["record"]["declaration"]["mrn"] == mrn]
        o.check(len(found) == 1 and found[0]["record"]["declaration"] == record["declaration"],
                f"{name}: the newer declaration is not what was written: {found[0]['record']['declaration']}")
    # The record went past ingest, which therefore has no early entry of it: an officer can name its MRN once the view has its decision.
    o.Intake(account="customs", patience_s=60).decided_status(mrn, PATIENCE_S)
    act(mrn, "hold")
    check_version(topics["gl.decisions"], record, 2)
    shown = o.json_lines(o.greenlane("decisions", "--json", "--mrn", mrn))
    o.check(len(shown) == 2, f"greenlane decisions shows {len(shown)} of 2")
    bad = section_of("gl.declarations.accepted")
    bad["fields"] = [f for f in bad["fields"] if f["name"] != "mrn"]
    with open(file.name, "w", encoding="utf-8") as again:
        json.dump(bad, again)
    out = o.greenlane("schema", "register", "--section", f"declaration={file.name}", fine=(1,)).decode()
    o.check(out.count("incompatible") == 4, f"registration of a section without the MRN: {out}")
    os.unlink(file.name)
    told("newer schema: all of it is on every topic, and in the decision that an event caused; one that cannot be read is not registered")
    return record


def dead_letter(letters, key, code):
    letters.wait(lambda kept: any(one[0] == key for one in kept), f"the dead letter {code}", PATIENCE_S)
    found = next(one[1] for one in letters.kept if one[0] == key)
    o.check(found.get("gl.dlq.code") == code, f"the dead letter's code is {found.get('gl.dlq.code')}, not {code}: {found}")


def strangers(reader, topics, letters, rng, registry):
    """Records of schemas that cannot be read, before and after good ones."""
    producer = o.producer()
    template = topics["gl.declarations.accepted"].kept[0]["record"]
    foreign = {"type": "record", "name": "Accepted", "namespace": "org.other", "fields": [
        {"name": "declaration", "type": {"type": "record", "name": "Declaration", "fields": [
            {"name": "declaration_id", "type": {"type": "fixed", "name": "Id", "size": 16}}]}}]}
    foreign_id = register_directly(registry, "other-value", foreign)
    bad = with_new_identity(template, rng)
    send(producer, "gl.declarations.accepted", foreign_id, foreign, {"declaration": {"declaration_id": bad["declaration"]["declaration_id"]}})
    dead_letter(letters, bad["declaration"]["declaration_id"], "avro-incompatible")
    ours = json.loads(o.greenlane("schema", "gl.declarations.accepted"))
    lost = with_new_identity(template, rng)
    send(producer, "gl.declarations.accepted", NOBODYS + 99, ours, lost)
    dead_letter(letters, lost["declaration"]["declaration_id"], "envelope-schema-unknown")
    clear(topics["gl.decisions"], 20, "declarations after them")
    told("strangers: an incompatible schema and an unknown id are dead letters with their codes")


def register_directly(registry, subject, schema):
    request = urllib.request.Request(f"{registry}/subjects/{subject}/versions", json.dumps({"schema": json.dumps(schema)}).encode(),
                                     {"Content-Type": "application/vnd.schemaregistry.v1+json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())["id"]


def outage(system, topics, letters, rng, count):
    ours = json.loads(o.greenlane("schema", "gl.declarations.accepted"))
    template = topics["gl.declarations.accepted"].kept[0]["record"]
    for number, mood in enumerate(("refuse", "broken", "nonsense", "slow")):
        system.gate.set_mood(mood)
        # An id that nobody has heard of makes the stage ask.
        lost = with_new_identity(template, rng)
        send(o.producer(), "gl.declarations.accepted", NOBODYS + number, ours, lost)
        dead_letter(letters, lost["declaration"]["declaration_id"], "schema-unavailable")
        # A slow one is only known to be away when the request's time is over, which is longer than a record waits.
        o.wait_for(lambda: o.metric("gl_registry_up", "classify") == 0, f"{mood}: gl_registry_up is 0", PATIENCE_S)
        o.check(system.daemons["classify"].ready() == (200, "ready, without the schema registry\n"), f"{mood}: {system.daemons['classify'].ready()}")
        began = time.monotonic()
        clear(topics["gl.decisions"], count, f"declarations while the registry is in the mood '{mood}'")
        told(f"outage, {mood}: {count} declarations were cleared meanwhile, in {time.monotonic() - began:.1f} s")
        system.gate.set_mood("well")
        o.wait_for(lambda: o.metric("gl_registry_up", "classify") == 1, f"{mood}: the registry is up again", PATIENCE_S)
    log = system.daemons["classify"].log()
    o.check(log.count('"registry-down"') >= 4 and log.count('"registry-up"') >= 4, "classify does not say when the registry goes and comes")


def state_waits(system, topics, record):
    """decide's state has a value of a newer schema that nobody can tell, for longer than any deadline: it waits, says for what, and goes on by
    itself."""
    mrn = record["declaration"]["mrn"]
    assessed = next(one["id"] for one in topics["gl.declarations.assessed"].kept if one["record"]["declaration"]["mrn"] == mrn)
    o.check(system.daemons.pop("decide").stop() == 0, "decide does not drain")
    for where, _, names in os.walk(os.path.join(system.folder, "state", "schemas")):
        for name in names:
            if name == f"{assessed}.avsc":
                os.unlink(os.path.join(where, name))
    system.gate.set_mood("refuse")  # it starts with what else is in the cache
    decide = system.start("decide", "stage.retry_deadline=1s")
    decide.wait_ready("without the schema registry")
    act(mrn, "hold")
    o.wait_for(lambda: decide.ready()[0] == 503 and "waiting (schema-unavailable): the body of a clearance" in decide.ready()[1],
               "decide says what it waits for", PATIENCE_S)
    retries = o.metric("gl_batch_retries_total", "decide")
    o.wait_for(lambda: o.metric("gl_batch_retries_total", "decide") > retries + 3, "decide tries again after its deadline", PATIENCE_S)
    o.check(decide.process.poll() is None and o.metric("gl_ready", "decide") == 0, "decide ended, or calls itself ready")
    mrns = submit(50)  # they wait behind it
    topics["gl.declarations.assessed"].wait(lambda kept: mrns <= mrn_in(kept), "declarations come to decide", PATIENCE_S)
    system.gate.set_mood("well")
    check_version(topics["gl.decisions"], record, 3)
    topics["gl.decisions"].wait(lambda kept: mrns <= mrn_in(kept), "what waited is decided", PATIENCE_S)
    decided = [one["record"]["declaration"]["mrn"] for one in topics["gl.decisions"].kept]
    o.check(all(decided.count(mrn) == 1 for mrn in mrns), "what waited is decided twice")
    decide.wait_ready()
    told("state of a schema that nobody can tell: decide waited, not ready and with the reason, and decided when the registry was back")


def lost(system, topics, record, count):
    """The registry forgets all schemas: what is known goes on being used, and an alarm is raised until it is restored."""
    o.check(system.daemons.pop("decide").stop() == 0, "decide does not drain")
    decide = system.start("decide", "registry.refresh=500ms")
    decide.wait_ready()
    act(record["declaration"]["mrn"], "hold")
    check_version(topics["gl.decisions"], record, 4)
    system.gate.set_mood("lost")
    o.wait_for(lambda: o.metric("gl_registry_changed", "decide") == 1, "decide notices that schemas are lost", PATIENCE_S)
    o.check('"registry-changed"' in decide.log(), "decide does not say what is lost")
    act(record["declaration"]["mrn"], "hold")
    check_version(topics["gl.decisions"], record, 5)
    clear(topics["gl.decisions"], count, "declarations while the registry has lost its schemas")
    system.gate.set_mood("well")
    o.wait_for(lambda: o.metric("gl_registry_changed", "decide") == 0, "decide notices that they are back", PATIENCE_S)
    told("lost schemas: noticed, and what is known is used meanwhile; noticed too when they are back")


def cold_start(system, topics, count):
    codes = system.stop_all()
    o.check(all(code == 0 for code in codes.values()), f"exit codes: {codes}")
    system.gate.set_mood("refuse")
    system.start_all()
    clear(topics["gl.decisions"], count, "declarations after a start without the registry")
    o.check(o.metric("gl_registry_answers", "classify", source="disk") > 0, "classify says nothing of the disk cache")
    system.stop_all()
    shutil.rmtree(os.path.join(system.folder, "state", "schemas"))
    daemon = system.start("risk", "stage.start_deadline=1h")
    o.wait_for(lambda: daemon.ready() == (503, "waiting for the schema registry\n"), "risk waits without a cache", PATIENCE_S)
    o.wait_for(lambda: '"registry-down"' in daemon.log(), "risk says that the registry is away", PATIENCE_S)
    system.gate.set_mood("well")
    daemon.wait_ready()
    system.stop_all()
    told("cold start: with the disk cache declarations are cleared without the registry; without it a daemon waits, and goes on")


def main():
    global PARTITIONS
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=200)
    args = parser.parse_args()
    registry = os.environ.get("SCHEMA_REGISTRY_URL", "builtin")
    if not os.environ.get("KAFKA_BROKERS") or not os.environ.get("REDIS_URL") or registry == "builtin":
        o.skip("KAFKA_BROKERS, REDIS_URL and SCHEMA_REGISTRY_URL are not set: `./dev test registry`")
    folder = tempfile.mkdtemp(prefix="registry-", dir=os.environ.get("GREENLANE_RUN"))
    certificates = g.make_certificates(os.path.join(folder, "certificates"))
    gate = g.Gate(registry, certificates)
    o.greenlane("topics", "create", "--partitions", 4, "--replication", 1)
    system = System(folder, gate, certificates)
    rng = random.Random(time.time_ns())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        before_registration(system)
        credentials(system, certificates)
        system.start_all()
        reader = Reader(registry)
        topics = {name: reader.topic(name) for name in PASSED_ON}
        PARTITIONS = len(topics["gl.decisions"].partitions)
        letters = o.Topic("gl.classify.dlq", lambda m: (m.key(), {k: v.decode("utf-8", "replace") for k, v in m.headers() or []}))
        mrns = clear(topics["gl.decisions"], args.count, "decisions that Confluent's deserializer reads")
        ids = {name: {one["id"] for one in topic.kept} for name, topic in topics.items()}
        o.check(all(len(found) == 1 and found < set(range(1, 1000)) for found in ids.values()), f"ids on the topics: {ids}")
        told(f"{len(mrns)} decisions were read by Confluent's deserializer through the registry; ids: {ids}")
        record = newer(system, reader, topics, rng)
        strangers(reader, topics, letters, rng, registry)
        outage(system, topics, letters, rng, max(20, args.count // 4))
        state_waits(system, topics, record)
        lost(system, topics, record, max(20, args.count // 4))
        cold_start(system, topics, max(20, args.count // 4))
        for topic in (*topics.values(), letters):
            topic.close()
    finally:
        system.stop_all()
        gate.close()
    shutil.rmtree(folder)
    told("the registry test passed")


if __name__ == "__main__":
    main()
