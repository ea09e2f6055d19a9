"""An outside client of a running stack: what any Kafka and HTTP client could do, and nothing of ours but the printed schemas.

Reads topics read_committed with confluent-kafka and fastavro, submits over HTTP with the standard library, stops and starts parts of the
stack through tools/stack.sh. Every wait has a deadline and ends early only when its condition holds.
"""
import http.client
import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
import xml.sax.saxutils
import zipfile

import fastavro
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED = 77
STAGES = ("ingest", "classify", "risk", "decide")
STEM = slice(4, 16)  # of an MRN: year and country before it, procedure letter and check character after


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def need_stack():
    for name in ("KAFKA_BROKERS", "REDIS_URL", "INGEST_URL"):
        if not os.environ.get(name):
            skip(f"{name} is not set: `./dev up` and `. run/env`, or `./dev test e2e`")


def data(*path):
    """A path below the reference data; the test is skipped when it is not there."""
    root = os.environ.get("GREENLANE_DATA") or os.path.join(ROOT, "..", "shared", "data")
    found = os.path.join(root, *path)
    if not os.path.exists(found):
        skip(f"no reference data at $GREENLANE_DATA/{'/'.join(path)}")
    return found


def check(condition, message):
    if not condition:
        raise SystemExit(f"FAILED: {message}")


def wait_for(condition, what, seconds=60, step=0.05):
    """Until condition() is true; its value. Fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        check(time.monotonic() < end, f"{what}: not within {seconds} s")
        time.sleep(step)


# ---- the machine ----

FAKETIME = ["/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
            "/usr/lib/faketime/libfaketimeMT.so.1"]


def free_ports(count):
    """Different ones, that nobody listens on now."""
    held = []
    for _ in range(count):
        held.append(socket.socket())
        held[-1].bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def faketime_library():
    return next((path for path in FAKETIME if os.path.exists(path)), None)


# ---- the command, and the stack ----

def greenlane(*arguments, input_bytes=None, fine=(0,), seconds=900, build=None):
    """Runs the command, of another build if one is given; its standard output as bytes. Another exit code than `fine` fails the test."""
    binary = os.path.join(build or os.environ.get("GREENLANE_BUILD") or os.path.join(ROOT, "build"), "bin", "greenlane")
    result = subprocess.run([binary, *map(str, arguments)], input=input_bytes, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds,
                            cwd=ROOT, check=False)
    check(result.returncode in fine, f"greenlane {' '.join(map(str, arguments))}: exit {result.returncode}: {result.stderr.decode()[-2000:]}")
    return result.stdout


_prefixes = iter(range(1, 1000))


def new_prefix():
    """Beginning of LRNs that no other call makes."""
    return "T" + format((time.time_ns() // 1_000_000 * 1000 + next(_prefixes)) % 16**7, "07X")


def generate(count, *arguments):
    """Synthetic declarations as NDJSON lines, with LRNs of their own."""
    return greenlane("generate", "--count", count, "--seed", time.time_ns() % 1_000_000_007, "--prefix", new_prefix(), "--format", "ndjson",
                     *arguments).splitlines()


def zip_of(files):
    """A zip archive of {name: content}."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def workbook_of(rows):
    """A workbook (XLSX) of one sheet: lists of cells, text or numbers."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

    def cell(value):
        if isinstance(value, float):
            return f"<c><v>{value!r}</v></c>"
        return f'<c t="inlineStr"><is><t>{xml.sax.saxutils.escape(value)}</t></is></c>'

    sheet = "".join("<row>" + "".join(map(cell, row)) + "</row>" for row in rows)
    return zip_of({
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns:r="{office}"><sheets><sheet name="Day" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels":
            f'<Relationships><Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{sheet}</sheetData></worksheet>"})


def json_lines(output):
    return [json.loads(line) for line in output.splitlines() if line.strip()]


def stack(command, name):
    """start, stop or kill (SIGKILL) a part of the stack."""
    result = subprocess.run([os.path.join(ROOT, "tools", "stack.sh"), command, name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    check(result.returncode == 0, f"stack.sh {command} {name}: {result.stdout.decode()}")


def pid_of(name):
    run = os.environ.get("GREENLANE_RUN") or os.path.join(ROOT, "run")
    with open(os.path.join(run, name + ".pid"), encoding="ascii") as file:
        return int(file.read())


def assert_all_run():
    """The four daemons are alive and ready."""
    for name in STAGES:
        url = os.environ[name.upper() + "_ADMIN_URL"]
        for path in ("/healthz", "/readyz"):
            with urllib.request.urlopen(url + path, timeout=5) as answer:
                check(answer.status == 200, f"{name} {path}: {answer.status}")


def metric(name, stage, **labels):
    """Sum of a metric's series that carry these labels; 0 without any."""
    return metric_at(os.environ[stage.upper() + "_ADMIN_URL"], name, **labels)


def metric_at(url, name, **labels):
    """The same of the daemon whose admin port is there."""
    with urllib.request.urlopen(url + "/metrics", timeout=5) as answer:
        total = 0.0
        for line in answer.read().decode().splitlines():
            series, _, value = line.rpartition(" ")
            if series.split("{")[0] == name and all(f'{k}="{v}"' in series for k, v in labels.items()):
                total += float(value)
        return total


# ---- HTTP ----

class Intake:
    """POSTs to ingest (or to the daemon at `url`) over one kept connection. With patience_s, 503 and lost connections are tried again, as a
    sender would."""

    def __init__(self, account=None, patience_s=0, url=None):
        self.address = urllib.parse.urlsplit(url or os.environ["INGEST_URL"])
        self.account = account
        self.patience_s = patience_s
        self.connection = None
        self.retries = 0

    def call(self, method, path, body=None, content_type=None, headers=None):
        """(status, parsed JSON or bytes)"""
        send = dict(headers or {})
        if content_type:
            send["Content-Type"] = content_type
        if self.account:
            send["Greenlane-Account"] = self.account
        end = time.monotonic() + self.patience_s
        while True:
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=60)
                self.connection.request(method, path, body, send)
                answer = self.connection.getresponse()
                payload = answer.read()
                if answer.status != 503 or time.monotonic() >= end:
                    break
            except (OSError, http.client.HTTPException):
                self.connection = None
                if time.monotonic() >= end:
                    raise
            self.retries += 1
            time.sleep(0.2)
        if (answer.getheader("Content-Type") or "").split(";")[0].endswith("json"):
            payload = json.loads(payload)
        return answer.status, payload

    def post(self, body, content_type="application/x-ndjson", profile=None):
        path = "/v1/declarations" + (f"?profile={profile}" if profile else "")
        return self.call("POST", path, body, content_type)

    def status(self, mrn):
        return self.call("GET", "/v1/declarations/" + mrn)

    def decided_status(self, mrn, seconds=60):
        """The view once it shows a decision: it follows the topics, and one that Redis was too slow for is written again."""
        return wait_for(lambda: next((view for status, view in [self.status(mrn)] if status == 200 and "lane" in view), None),
                        f"a status of {mrn} that shows its decision", seconds)


# ---- the watched directory ----

def take_in(files):
    """Puts files ({name: content}) into the watched directory, and waits until each is answered and moved away; {name: answers}."""
    inbox, tag = os.environ["GREENLANE_INBOX"], new_prefix()
    out = os.path.join(inbox, "out")
    for name, content in files.items():
        partial = os.path.join(inbox, "." + name)
        with open(partial, "wb") as file:
            file.write(content)
        os.rename(partial, os.path.join(inbox, f"{tag}-{name}"))

    def answers_of(name):
        return [os.path.join(out, f) for f in os.listdir(out) if f.startswith(f"{tag}-{name}.") and f.endswith(".answers.ndjson")]

    wait_for(lambda: os.path.isdir(out) and all(answers_of(n) for n in files), "answers to all files", 90)
    wait_for(lambda: not [f for f in os.listdir(inbox) if f.startswith(tag)], "files moved away", 30)
    answers = {}
    for name in files:
        with open(answers_of(name)[0], "rb") as file:
            answers[name] = json_lines(file.read())
    return answers


# ---- topics ----

# What a reader is told when brokers go, and may wait out.
AWAY = {KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE, KafkaError._TIMED_OUT, KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.BROKER_NOT_AVAILABLE, KafkaError.REPLICA_NOT_AVAILABLE}
SOON = {"socket.timeout.ms": 5000, "topic.metadata.refresh.interval.ms": 5000}  # a leader that hangs is left for its successor
_schemas = {}


def schema(topic):
    if topic not in _schemas:
        _schemas[topic] = fastavro.parse_schema(json.loads(greenlane("schema", topic)))
    return _schemas[topic]


_of_ids = {}


def know_schemas(build):
    """Values that the programs of this build write are decoded by the schema that it prints for their id, beside those of the own build."""
    binary = os.path.join(build, "bin", "greenlane")
    for line in subprocess.run([binary, "schema"], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines():
        printed = json.loads(subprocess.run([binary, "schema", "--json", line.split()[1]], stdout=subprocess.PIPE, check=True).stdout)
        _of_ids[printed["schema_id"]] = fastavro.parse_schema(printed["schema"])


def schema_id(value):
    return int.from_bytes(value[1:5], "big")


def decode(topic, value):
    """A value in Confluent's wire format; every byte must be used."""
    check(value[0] == 0 and len(value) > 5, f"{topic}: no Confluent header")
    source = io.BytesIO(value)
    source.seek(5)
    record = fastavro.schemaless_reader(source, _of_ids.get(schema_id(value)) or schema(topic), None)
    check(source.tell() == len(value), f"{topic}: {len(value) - source.tell()} bytes are left after the record")
    return record


def text_of(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


class Topic:
    """Reads a topic read_committed, all partitions, from its present end (or its beginning), on a thread; keeps what `keep` makes of each
    message (None is not kept). The reader has no group: it disturbs nobody and is disturbed by nobody. Quiet: brokers may come and go."""

    def __init__(self, topic, keep=None, beginning=False, one_by_one=False, quiet=False):
        self.topic = topic
        self.most = 1 if one_by_one else 2000  # one by one: each is kept the moment it is there
        self.keep = keep or (lambda message: message)
        self.kept = []
        self.error = None
        self.closing = False
        self.quiet = quiet
        self.consumer = Consumer({"log_level": 0 if quiet else 6, "bootstrap.servers": os.environ["KAFKA_BROKERS"], "group.id": f"outside-{os.getpid()}-{id(self)}",
                                  "isolation.level": "read_committed", "enable.auto.commit": False, "auto.offset.reset": "error",
                                  "fetch.wait.max.ms": 20, "enable.partition.eof": False, **SOON})
        metadata = self.consumer.list_topics(topic, 10).topics[topic]
        check(metadata.error is None and metadata.partitions, f"topic {topic}: {metadata.error}")
        self.partitions = sorted(metadata.partitions)
        assignment = []
        for partition in self.partitions:
            at = OFFSET_BEGINNING
            if not beginning:
                at = self.consumer.get_watermark_offsets(TopicPartition(topic, partition), 10)[1]
            assignment.append(TopicPartition(topic, partition, at))
        self.consumer.assign(assignment)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while not self.closing:
                for message in self.consumer.consume(self.most, 0.05):
                    if message.error():
                        if self.quiet and message.error().code() in AWAY:
                            continue
                        raise KafkaException(message.error())
                    kept = self.keep(message)
                    if kept is not None:
                        self.kept.append(kept)
        except BaseException as error:  # shown by the thread that waits
            self.error = error

    def wait(self, condition, what, stall_s=60):
        """Until condition(self.kept); fails when nothing was read for stall_s."""
        last, since = -1, time.monotonic()
        while not condition(self.kept):
            if self.error is not None:
                raise self.error
            if len(self.kept) != last:
                last, since = len(self.kept), time.monotonic()
            check(time.monotonic() - since < stall_s, f"{self.topic}: {what}: {last} read, then nothing for {stall_s} s")
            time.sleep(0.02)

    def wait_count(self, count, stall_s=60):
        self.wait(lambda kept: len(kept) >= count, f"{count} records expected", stall_s)

    def close(self):
        self.closing = True
        self.thread.join(20)
        self.consumer.close()
        if self.error is not None:
            raise self.error

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.close()
        else:
            self.closing = True


def decision_of(message):
    """What the tests compare of a decision, as a plain dict."""
    record = decode("gl.decisions", message.value())
    declaration, assessment, decision = record["declaration"], record["assessment"], record["decision"]
    return {"mrn": declaration["mrn"], "lrn": declaration["functional_reference_id"], "submitter": declaration["submitter"],
            "score_ppm": assessment["score_ppm"], "lane": decision["lane"], "outcome": decision["outcome"], "version": decision["version"],
            "cause": decision["cause"], "degraded": decision["degraded"], "partition": message.partition(), "offset": message.offset()}


def partition_of(mrn, count):
    return int(mrn[STEM], 36) % count


def flush_pipeline(decisions):
    """Sends declarations of its own until one was decided in every partition: what was sent before is then decided too, since a partition
    keeps its order through all stages. Their submitter is the account "fence"; `decisions` keeps decision_of dicts."""
    intake = Intake(account="fence", patience_s=60)
    seen = set()
    while len(seen) < len(decisions.partitions):
        status, answer = intake.post(b"\n".join(generate(20)))
        check(status == 202, f"fence: {status} {answer}")
        wanted = {r["mrn"] for r in answer["results"] if r["status"] == "accepted"}
        decisions.wait(lambda kept, w=wanted: w <= {d["mrn"] for d in kept if d["submitter"] == "fence"}, "the fence")
        seen |= {d["partition"] for d in decisions.kept if d["mrn"] in wanted}


def assert_once(decisions, accepted, submitter=None):
    """Each accepted MRN has exactly one decision, version 1, and no other has any. Duplicates, decided as such, are counted apart."""
    by_mrn, duplicates = {}, 0
    for d in decisions:
        if d["submitter"] == "fence" or (submitter and d["submitter"] != submitter):
            continue
        if d["outcome"] == "DUPLICATE":
            duplicates += 1
        else:
            by_mrn.setdefault(d["mrn"], []).append(d)
    missing = [m for m in accepted if m not in by_mrn]
    foreign = [m for m in by_mrn if m not in accepted]
    twice = [m for m, found in by_mrn.items() if len(found) > 1]
    check(not missing, f"{len(missing)} accepted declarations without a decision, first {missing[:3]}")
    check(not foreign, f"{len(foreign)} decisions for what was not accepted, first {foreign[:3]}")
    check(not twice, f"{len(twice)} declarations with more than one decision, first {by_mrn[twice[0]] if twice else None}")
    wrong = [m for m, found in by_mrn.items() if found[0]["version"] != 1]
    check(not wrong, f"{len(wrong)} first decisions whose version is not 1, first {wrong[:3]}")
    return by_mrn, duplicates


def producer(**settings):
    return Producer({"bootstrap.servers": os.environ["KAFKA_BROKERS"], **settings})
