#!/usr/bin/env python3
"""A person's declaration is erased by the steps of docs/PRIVACY.md, as they stand there, and is gone from every place that the page names.

A declaration with a name, a reference and an officer that nobody else has is decided, and an event on it; both are then where the page says: topics,
view and state. The page's commands run in their order (systemctl is the stack's launcher). Then the status is 404; neither name nor reference
is in Redis, a log or a topic; compaction removes the old values from gl.clearances, and a new copy of the state has no byte of them; the audit
chain is whole and has the digests of the erased decisions; the declaration sent again is a new one, and decided.

usage: erasure.py      deletes records of one partition: run it after what reads topics from their beginning
"""
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import textwrap
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402
from confluent_kafka import Consumer, KafkaError, TopicPartition  # noqa: E402
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType  # noqa: E402
import zstandard  # noqa: E402

RUN = os.environ.get("GREENLANE_RUN") or os.path.join(o.ROOT, "run")
WHOLE = ("gl.declarations.accepted", "gl.declarations.classified", "gl.declarations.assessed", "gl.decisions", "gl.clearances", "gl.intake.originals")
OTHERS = ("gl.events", "gl.intake.batches", "gl.notifications", "gl.audit", "gl.declarations.rejected", "gl.ingest.dlq", "gl.classify.dlq", "gl.risk.dlq", "gl.decide.dlq")
LAG = (ResourceType.TOPIC, "gl.clearances", "max.compaction.lag.ms", "500")
SYSTEMCTL = """#!/bin/sh
[ "$2" = greenlane@decide ] && exec "{root}/tools/stack.sh" "$1" decide
exit 1
"""


class Person:
    """A declaration that can be recognized wherever it is."""

    def __init__(self):
        record = json.loads(o.generate(1)[0])
        mark = f"{time.time_ns():x}"
        self.lrn, self.name, self.actor = record["functional_reference_id"], "Zyxwa Qvist " + mark, "officer " + mark
        next(p for p in record["parties"] if p["role"] == "IMPORTER")["name"] = self.name
        self.line = json.dumps(record).encode()

    def words(self):
        return [w.encode() for w in (self.lrn, self.name, self.actor)]

    def send(self):
        status, answer = o.Intake(patience_s=60).post(self.line)
        o.check(status == 202 and answer["results"][0]["status"] == "accepted", f"{status} {answer}")
        self.mrn = answer["results"][0]["mrn"]

    def act(self):
        event = {"event_id": self.lrn + ".note", "mrn": self.mrn, "type": "OFFICER_ACTION", "occurred_at": "2026-11-24T06:35:01Z", "code": "hold",
                 "actor": self.actor}
        status, answer = o.Intake(account="customs", patience_s=60).call("POST", "/v1/events", json.dumps(event).encode(), "application/json")
        o.check(status == 202, f"{status} {answer}")


# ---- what the places hold ----

class Topics:
    """Every topic that the page names, from where its partitions ended at the start: before that nobody has the person's words."""

    def __init__(self):
        self.reader = Consumer({"bootstrap.servers": os.environ["KAFKA_BROKERS"], "group.id": f"erasure-{os.getpid()}", "enable.auto.commit": False,
                                "enable.partition.eof": True, "auto.offset.reset": "earliest", "fetch.wait.max.ms": 50})
        self.count = {t: len(self.reader.list_topics(t, 20).topics[t].partitions) for t in WHOLE + OTHERS}
        self.begun = {(t, p): self.ends(t, p)[1] for t in self.count for p in range(self.count[t])}

    def ends(self, topic, partition):
        return self.reader.get_watermark_offsets(TopicPartition(topic, partition), 20)

    def read(self, places, whole=False):
        """The records of these partitions, since the start or all, up to where each ends."""
        self.reader.assign([TopicPartition(t, p, max(self.ends(t, p)[0], 0 if whole else self.begun[t, p])) for t, p in places])
        ended = set()
        while len(ended) < len(places):
            message = self.reader.poll(60)
            o.check(message is not None, f"{len(places) - len(ended)} partitions have no end within 60 s")
            if message.error() and message.error().code() == KafkaError._PARTITION_EOF:
                ended.add((message.topic(), message.partition()))
            else:
                o.check(not message.error(), f"{message.topic()}: {message.error()}")
                yield message

    def of(self, topic, mrn, whole=False):
        return self.read([(topic, o.partition_of(mrn, self.count[topic]))], whole)

    def holding(self, words):
        """The topics with one of the words in a key, a value or a header."""
        return {m.topic() for m in self.read(list(self.begun)) for part in (m.key(), m.value(), *dict(m.headers() or ()).values())
                if any(w in (part or b"") for w in words)}


def redis(*command, lines=()):
    result = subprocess.run(["redis-cli", "-u", os.environ["REDIS_URL"], *command], input=b"".join(lines), stdout=subprocess.PIPE, timeout=60,
                            check=True)
    return result.stdout


def in_redis(words):
    keys = redis("--scan").splitlines()
    return any(w in value for value in [b"\n".join(keys), redis(lines=[b"GET " + k + b"\n" for k in keys])] for w in words)


def files_with(words, folder, suffix=""):
    found = []
    for where, _, names in os.walk(folder):
        for path in (os.path.join(where, n) for n in names if n.endswith(suffix)):
            with open(path, "rb") as file:
                content = file.read()
            found += [path] if any(w in content for w in words) else []
    return found


FRAME = bytes.fromhex("28b52ffd")


def unpacked(content, dictionary):
    """The values that are packed in the pages of a store (lib/stage/pack.h), those of free pages too as far as they can be read."""
    for match in re.finditer(re.escape(FRAME), content):
        unpacker = zstandard.ZstdDecompressor(dict_data=dictionary).decompressobj()
        try:
            yield unpacker.decompress(content[match.start():match.start() + (1 << 16)])
        except zstandard.ZstdError:
            continue  # half written over


def state_with(words):
    """Files of decide's local state."""
    with open(os.path.join(o.ROOT, "stages", "decide", "clearances.dict"), "rb") as file:
        dictionary = zstandard.ZstdCompressionDict(file.read())
    folder = os.path.join(RUN, "state", "decide")
    found = files_with(words, folder)
    for where, _, names in os.walk(folder):
        for path in (os.path.join(where, n) for n in names if n == "data.mdb"):
            with open(path, "rb") as file:
                content = file.read()
            found += [path] if any(w in value for value in unpacked(content, dictionary) for w in words) else []
    return found


def logs_with(words):
    """Those of the daemons and servers are in the stack's own folder."""
    return [path for path in files_with(words, RUN, ".log") if os.path.dirname(path) == RUN]


# ---- the page ----

def steps():
    """The commands of the page's section, a string for each block."""
    with open(os.path.join(o.ROOT, "docs", "PRIVACY.md"), encoding="utf-8") as file:
        section = file.read().split("## Erasing")[1]
    found = [textwrap.dedent(block) for block in re.findall(r"^ *```sh\n(.*?)^ *```$", section, re.M | re.S)]
    o.check(len(found) == 6, f"docs/PRIVACY.md: {len(found)} blocks of commands, not 6")
    return found


def carry_out(commands, folder, person, identity):
    path = os.pathsep.join([folder, os.path.dirname(sys.executable), os.environ["PATH"]])
    env = dict(os.environ, PATH=path, MRN=person.mrn, ID=identity, GREENLANE_STATE=os.path.join(RUN, "state"))
    result = subprocess.run(["sh", "-euc", commands], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=200, check=False)
    o.check(result.returncode == 0, f"docs/PRIVACY.md: exit {result.returncode}: {result.stdout.decode()[-1500:]}\nof\n{commands}")


def carry_out_all(some, person, identity):
    with tempfile.TemporaryDirectory() as folder:
        stub = os.path.join(folder, "systemctl")
        with open(stub, "w", encoding="ascii") as file:
            file.write(SYSTEMCTL.format(root=o.ROOT))
        os.chmod(stub, 0o755)
        for commands in some:
            carry_out(commands, folder, person, identity)


# ---- checks ----

def check_known(topics, person):
    """What is erased later is there now, so that its absence says something."""
    held = topics.holding([person.name.encode()])
    o.check(held == set(WHOLE), f"the name is on {sorted(held)}")
    o.check(topics.holding(person.words()) == set(WHOLE) | {"gl.events", "gl.notifications"}, f"it is on {sorted(topics.holding(person.words()))}")
    o.check(in_redis([person.lrn.encode()]) and not in_redis([person.name.encode()]), "the view has the reference, and no name")
    o.check(state_with([person.name.encode()]), "decide's state has the name")
    return [hashlib.sha256(m.value()).digest() for m in topics.of("gl.decisions", person.mrn) if person.lrn.encode() in m.value()]


def check_chain(topics, person, identity, digests):
    """Its partition's audit blocks follow each other from the first that is there, and name the erased decisions by their digests."""
    before, entries = None, []
    for message in topics.of("gl.audit", person.mrn, whole=True):
        block = o.decode("gl.audit", message.value())["audit"]
        link = (block["sequence"] - 1, block["previous_hash"])
        o.check(before is None or link == before, f"block {block['sequence']} does not follow {before}")
        digest = hashlib.sha256(block["previous_hash"] + struct.pack(">q", block["sequence"]))
        for entry in block["entries"]:
            digest.update(entry["declaration_id"] + struct.pack(">i", entry["version"]) + entry["digest"])
            entries += [(entry["version"], entry["digest"])] if entry["declaration_id"].hex() == identity else []
        o.check(digest.digest() == block["hash"], f"block {block['sequence']} has not the hash of its content")
        before = (block["sequence"], block["hash"])
    o.check(entries[:len(digests)] == list(enumerate(digests, 1)), f"the chain has {entries} of {digests}")
    return entries


def check_gone(topics, person):
    intake = o.Intake(patience_s=60)
    o.wait_for(lambda: intake.status(person.mrn)[0] == 404, "its status is 404", 60)
    o.check(not in_redis(person.words()), "it is in Redis")
    o.check(not logs_with(person.words()), f"it is in a log: {logs_with(person.words())}")
    held = topics.holding(person.words())
    o.check(held <= {"gl.clearances"}, f"it is on {sorted(held)}")


def configure(undo=False):
    admin = AdminClient({"bootstrap.servers": os.environ["KAFKA_BROKERS"]})
    rests = [(ResourceType.BROKER, str(broker), "log.cleaner.backoff.ms", "200") for broker in admin.list_topics(timeout=30).brokers]
    for kind, resource, name, value in [LAG, *rests]:
        change = ConfigEntry(name, None if undo else value, incremental_operation=AlterConfigOpType.DELETE if undo else AlterConfigOpType.SET)
        for done in admin.incremental_alter_configs([ConfigResource(kind, resource, incremental_configs=[change])]).values():
            done.result(30)


def check_compacted(topics, person, decisions):
    """With a short max.compaction.lag.ms, while records come."""
    def is_gone():
        o.flush_pipeline(decisions)
        return not any(w in (m.value() or b"") for m in topics.of("gl.clearances", person.mrn) for w in person.words())
    configure()
    try:
        o.wait_for(is_gone, "compaction removes it from gl.clearances", 120)
    finally:
        configure(undo=True)


def main():
    o.need_stack()
    topics, person = Topics(), Person()
    with o.Topic("gl.decisions", o.decision_of) as decisions:
        person.send()
        decisions.wait(lambda kept: any(d["mrn"] == person.mrn for d in kept), "it is decided")
        person.act()
        decisions.wait(lambda kept: sum(d["mrn"] == person.mrn for d in kept) == 2, "its event is decided")
        identity = o.wait_for(lambda: (v := o.Intake().status(person.mrn)[1]).get("version") == 2 and v, "its view", 60)["declaration_id"]
        digests = check_known(topics, person)
        o.check(len(digests) == 2, f"{len(digests)} decisions")
        carry_out_all(steps()[:5], person, identity)
        check_gone(topics, person)
        check_chain(topics, person, identity, digests)
        print("erased by the page's steps: no status, no word of it in Redis, logs and other topics than gl.clearances; the audit chain is whole")
        check_compacted(topics, person, decisions)
        carry_out_all(steps()[5:], person, identity)
        found = state_with(person.words()) + files_with(person.words(), os.path.join(RUN, "state"))
        o.check(not found, f"it is in the state: {found}")
        print("compaction removed its old values from gl.clearances; no word of it in a new copy of the state")
        before = person.mrn
        person.send()
        decisions.wait(lambda kept: sum(d["mrn"] == person.mrn for d in kept) == 3, "sent again, it is decided")
        last = [d for d in decisions.kept if d["mrn"] == person.mrn][-1]
        o.check(person.mrn == before and last["version"] == 1 and last["outcome"] != "DUPLICATE", f"sent again: {last}")
        entries = o.wait_for(lambda: (e := check_chain(topics, person, identity, digests))[2:] and e, "its new decision is in the chain")
        o.check([version for version, _ in entries] == [1, 2, 1], f"the chain has {entries}")
        print("sent again it is a new declaration, and decided")
    o.assert_all_run()


if __name__ == "__main__":
    main()
