#!/usr/bin/env python3
"""Declarations and events through intake topics: each has one effect, whatever is repeated, killed or moved, and what is bad stops nobody.

Records are written to gl.intake.declarations and gl.intake.events while ingest is killed (SIGKILL) and a second instance joins and leaves,
some twice, some unreadable. An outside client counts the decisions, the rejections and the dead letters, and asks the group for its offsets.
Then originals and two amendments each, while an ingest dies between two steps of a commit, each step once: every version is accepted once, in its order.

usage: topics.py [--count 3000] [--points offsets,committed]
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402
from confluent_kafka import Consumer, TopicPartition  # noqa: E402

DECLARATIONS, EVENTS = "gl.intake.declarations", "gl.intake.events"
ACCOUNT = "topics"
VERSIONED = 30
POINTS = ("produced", "offsets", "committed", "applied")  # of a commit, where the test points are (lib/stage/points.c)
EACH = 10  # declarations in a record of several
HEADER = "greenlane-account"


class Rival:
    """A second ingest, with ports and a state slot of its own."""

    def __init__(self, folder, settings=(), point=None):
        binary = os.path.join(os.environ["GREENLANE_BUILD"], "bin", "greenlane-ingest")
        self.port_file = os.path.join(folder, "port")
        beside = {"mappings": "mappings", "code_lists": "code_lists", "rules": "intake_rules.yaml", "exchange_rates": "exchange_rates.yaml"}
        self.log = open(os.path.join(folder, "log"), "wb")
        self.process = subprocess.Popen(
            [binary, "--config", os.path.join(os.environ["GREENLANE_RUN"], "ingest.yaml"), *(text for key, name in beside.items() for text in ("--set", f"ingest.{key}={o.ROOT}/config/{name}")),
             "--set", "ingest.listen=127.0.0.1:0", "--set", "admin.listen=127.0.0.1:0",
             "--set", f"admin.port_file={self.port_file}", "--set", f"stage.state_dir={os.environ['GREENLANE_RUN']}/state",
             *(text for setting in settings for text in ("--set", setting))],
            stderr=self.log, env=dict(os.environ, **({"GL_TEST_POINT": point} if point else {})))

    def wait_assigned(self):
        """It has a part of the topics' partitions."""
        def assigned():
            o.check(self.process.poll() is None, "the second ingest ended by itself")
            with open(self.log.name, "rb") as log:
                return b"intake topics: assigned" in log.read()
        o.wait_for(assigned, "partitions for the second ingest", 90)

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(60)
        self.log.close()
        o.check(number == signal.SIGKILL or code == 0, f"the second ingest ended with {code}")


def records_of(lines, rng):
    """Values of records: one declaration each, or several as NDJSON or an array; a part of them twice."""
    values, at = [], 0
    while at < len(lines):
        several = lines[at:at + EACH]
        if rng.random() < 0.03 and len(several) == EACH:
            values.append(b"\n".join(several) if rng.random() < 0.5 else b"[" + b",".join(several) + b"]")
            at += EACH
        else:
            values.append(lines[at])
            at += 1
    for value in rng.sample(values, len(values) // 20):
        values.insert(rng.randrange(len(values)), value)
    return values


def bad_records(good):
    """(value, headers, code of its rejection, or None: a dead letter)"""
    yield b"", None, "intake-format-unknown"
    yield None, None, "intake-format-unknown"
    yield b"\x7fELF" + bytes(300), None, "intake-format-unknown"
    yield good[: len(good) // 2], None, "not-well-formed"
    yield b"{}", None, "missing"
    yield b"[" * 100_000, None, "too-deep"
    yield good, {HEADER: b"nobody"}, None


def rejection_of(message):
    record = o.decode("gl.declarations.rejected", message.value())["rejection"]
    return record if record["channel"] == "topic" and record["submitter"] == ACCOUNT else None


def dead_letter_of(message):
    return message.value(), dict(message.headers() or [])


def produce(producer, topic, value, headers=None, key=None):
    while True:
        try:
            producer.produce(topic, value, headers=headers, key=key)
            producer.poll(0)
            return
        except BufferError:
            producer.poll(0.1)


def wait_consumed(topics):
    """The group has committed up to the end of every partition."""
    consumer = Consumer({"bootstrap.servers": os.environ["KAFKA_BROKERS"], "group.id": "gl.ingest"})

    def behind():
        found = []
        for topic in topics:
            partitions = [TopicPartition(topic, p) for p in consumer.list_topics(topic, 10).topics[topic].partitions]
            for at in consumer.committed(partitions, 10):
                end = consumer.get_watermark_offsets(TopicPartition(topic, at.partition), 10)[1]
                if max(at.offset, 0) < end:
                    found.append((topic, at.partition, at.offset, end))
        return found
    o.wait_for(lambda: not behind(), "offsets of the intake topics", 60)
    consumer.close()


def send_declarations(values, bad, rng, folder):
    producer = o.producer()
    rival = None
    for value, headers, _ in bad[: len(bad) // 2]:
        produce(producer, DECLARATIONS, value, headers)
    for at, value in enumerate(values):
        if at == len(values) // 5:
            o.stack("kill", "ingest")
            o.stack("start", "ingest")
        elif at == 2 * len(values) // 5:
            rival = Rival(folder)
            rival.wait_assigned()
        elif at == 3 * len(values) // 5:
            o.stack("kill", "ingest")
            o.stack("start", "ingest")
        elif at == 4 * len(values) // 5:
            rival.end()
        produce(producer, DECLARATIONS, value)
        if at % 50 == 0:
            producer.flush(30)
            time.sleep(rng.random() / 50)  # a flow, so that faults meet records on their way
    for value, headers, _ in bad[len(bad) // 2:]:
        produce(producer, DECLARATIONS, value, headers)
    o.check(producer.flush(60) == 0, "records were not delivered")


def check_bad(bad, rejections, dead, good):
    wanted = sorted(code for _, _, code in bad if code)
    rejections.wait(lambda kept: {c for r in kept for c in [e["code"] for e in r["errors"]]} >= set(wanted), f"rejections with {set(wanted)}")
    dead.wait_count(1)
    for value, headers in dead.kept:
        o.check(value == good and headers[HEADER] == b"nobody", "a dead letter is not what was consumed")
        o.check(headers["gl.dlq.code"] == b"account-unknown" and headers["gl.dlq.topic"] == DECLARATIONS.encode() and headers["gl.dlq.offset"],
                f"headers of a dead letter: {headers}")


def check_events(decisions, lrns, rng):
    """An officer's action for some of them, each twice, as records of the topic: one further decision each."""
    chosen = rng.sample(sorted(lrns), 40)
    producer = o.producer()
    for lrn in chosen:
        event = json.dumps({"event_id": "H-" + lrn, "lrn": lrn, "family": "IMPORT", "submitter": ACCOUNT, "type": "OFFICER_ACTION",
                            "occurred_at": "2026-11-24T06:35:01Z", "actor": "officer 7", "code": "hold", "text": "seal"}).encode()
        for _ in range(2):
            produce(producer, EVENTS, event)
    produce(producer, EVENTS, b'{"event_id": "E-bad"}')
    o.stack("kill", "ingest")
    o.check(producer.flush(60) == 0, "events were not delivered")
    o.stack("start", "ingest")
    wait_consumed([EVENTS])
    decisions.wait(lambda kept: {d["lrn"] for d in kept if d["version"] == 2} >= set(chosen), "a second decision for each event")
    o.flush_pipeline(decisions)
    for lrn in chosen:
        versions = [d["version"] for d in decisions.kept if d["lrn"] == lrn and d["submitter"] == ACCOUNT]
        o.check(versions == [1, 2], f"{lrn}: versions {versions}")
    return len(chosen)


def versions_of(line):
    """An original and two amendments."""
    yield line
    for number in (2, 3):
        yield line.replace(b'"function_code":"9"', b'"function_code":"4"', 1).replace(b'"description":"', b'"description":"version %d, ' % number, 1)


def accepted_of(message):
    record = o.decode("gl.declarations.accepted", message.value())["declaration"]
    return record["functional_reference_id"], record["items"][0]["description"][:9]


def check_commit(point, decisions, rejections):
    """An ingest with small batches dies at the point; what another one does after it is what was not done."""
    lines = o.generate(VERSIONED)
    lrns = [json.loads(line)["functional_reference_id"] for line in lines]
    o.stack("stop", "ingest")
    with tempfile.TemporaryDirectory() as folder, o.Topic("gl.declarations.accepted", accepted_of) as accepted:
        producer = o.producer()
        for several in zip(*(versions_of(line) for line in lines)):
            for line, lrn in zip(several, lrns):
                produce(producer, DECLARATIONS, line, key=lrn)
        o.check(producer.flush(60) == 0, "versions were not delivered")
        dying = Rival(folder, ("stage.max_batch_records=7",), f"{point}:2")
        try:
            o.wait_for(lambda: dying.process.poll() is not None, f"death at {point}", 60)
        finally:
            dying.end(signal.SIGKILL)
        o.check(dying.process.returncode == -signal.SIGKILL, f"{point}: it ended with {dying.process.returncode}")
        o.stack("start", "ingest")
        wait_consumed([DECLARATIONS])
        decisions.wait(lambda kept: {d["lrn"] for d in kept if d["version"] == 3} >= set(lrns), "a third decision for each")
        o.flush_pipeline(decisions)
        accepted.wait(lambda kept: len([one for one in kept if one[0] in lrns]) >= 3 * len(lrns), "accepted versions")
        for lrn in lrns:
            found = [text for one, text in accepted.kept if one == lrn]
            o.check(len(found) == 3 and found[1:] == ["version 2", "version 3"], f"{point}: {lrn} accepted as {found}")
            versions = [d["version"] for d in decisions.kept if d["lrn"] == lrn]
            o.check(versions == [1, 2, 3], f"{point}: {lrn}: versions {versions}")
    o.check(not [r for r in rejections.kept if r.get("functional_reference_id") in lrns], f"{point}: a version was refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--points", default=",".join(POINTS), help="where an ingest dies, of " + ", ".join(POINTS))
    args = parser.parse_args()
    o.need_stack()
    rng = random.Random(11)
    lines = o.generate(args.count + 1)
    good = lines.pop()
    lrns = {json.loads(line)["functional_reference_id"] for line in lines}
    bad = list(bad_records(good))
    with tempfile.TemporaryDirectory() as folder, o.Topic("gl.decisions", o.decision_of) as decisions, \
            o.Topic("gl.declarations.rejected", rejection_of) as rejections, o.Topic("gl.ingest.dlq", dead_letter_of) as dead:
        values = records_of(lines, rng)
        send_declarations(values, bad, rng, folder)
        wait_consumed([DECLARATIONS])
        decisions.wait(lambda kept: len({d["lrn"] for d in kept} & lrns) == len(lrns), f"decisions for {len(lrns)}")
        o.flush_pipeline(decisions)
        by_mrn, _ = o.assert_once(decisions.kept, {d["mrn"] for d in decisions.kept if d["lrn"] in lrns}, ACCOUNT)
        o.check(len(by_mrn) == len(lrns), f"{len(by_mrn)} decided, {len(lrns)} sent")
        check_bad(bad, rejections, dead, good)
        print(f"{len(lrns)} declarations in {len(values)} records with {len(bad)} bad ones, through two kills and a second instance: each decided once")
        events = check_events(decisions, lrns, rng)
        o.assert_all_run()
        o.check(o.metric("gl_intake_topic_records_total", "ingest") > 0, "gl_intake_topic_records_total")
        o.wait_for(lambda: o.metric("gl_consumer_lag_records", "ingest", topic=EVENTS) == 0, "no lag", 30)
        print(f"{events} events, each twice, through a kill: one decision each")
        points = args.points.split(",")
        for point in points:
            check_commit(point, decisions, rejections)
        print(f"{len(points) * VERSIONED} declarations in three versions each, through a death at {', '.join(points)}: each version accepted and decided once")


if __name__ == "__main__":
    main()
