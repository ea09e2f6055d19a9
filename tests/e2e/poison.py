#!/usr/bin/env python3
"""Poison among declarations: one bad record costs itself only, nobody is left without an answer, and a repair ends well.

An outside producer puts damaged records of ten kinds on the inputs of classify, risk and decide while declarations flow. Then:
- every good declaration has exactly one decision, in the order of gl.declarations.accepted within its partition;
- every damaged record is on its stage's dead-letter topic as it came, with what failed in its headers;
- every one has a technical hold, a notification and a view: those whose declaration can be read (the value begins with it, and its id is the
  key, or the hash of its submitter, LRN and family) with their MRN; the others by their key alone, which is marked;
- a partition goes on within a second of a damaged record;
- a record that names no declaration of its partition, neither by value nor by key, is a dead letter and nobody is told;
- sent again unchanged (greenlane dlq redrive), a record fails again with its history; corrected (--replace), it gets its decision, once, and
  the hold is gone;
- dropped (greenlane dlq drop) it is not sent again, and dlq list counts by code and time what is known.

usage: poison.py [--count 3000] [--share 0.01] [--seed 1] [--within 1.0]
"""
import argparse
import collections
import hashlib
import io
import json
import os
import random
import struct
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402
from outside import fastavro  # noqa: E402

INPUT_OF = {"classify": "gl.declarations.accepted", "risk": "gl.declarations.classified", "decide": "gl.declarations.assessed"}
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
HUGE = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"  # the largest Avro long
ACCOUNT = "inputs"
FAMILIES = ("IMPORT", "EXPORT", "ENTRY_SUMMARY")
BATCH = 198


# ---- identity, as docs describe it ----

def id_of(declaration):
    """The declaration id: of submitter, LRN and family."""
    submitter, lrn = declaration["submitter"].encode(), declaration["functional_reference_id"].encode()
    framed = struct.pack(">I", len(submitter)) + submitter + struct.pack(">I", len(lrn)) + lrn + bytes([FAMILIES.index(declaration["family"])])
    return hashlib.sha256(framed).digest()[:16]


def mrn_of(identity, like):
    """The MRN of a declaration id: year, country and procedure letter of another MRN, 12 characters of the id's top 62 bits, check character."""
    bits, stem = int.from_bytes(identity[:8], "big") >> 2, ""
    for _ in range(12):
        bits, digit = divmod(bits, 36)
        stem = ALPHABET[digit] + stem
    text = like[:4] + stem + like[16]
    total = sum((int(c) if c.isdigit() else 10 + (n := ord(c) - 65) + (n + 9) // 10) * pow(2, at, 11) for at, c in enumerate(text))
    return text + str(total % 11 % 10)


def declaration_schema(topic):
    return next(f["type"] for f in o.schema(topic)["fields"] if f["name"] == "declaration")


def encode(topic, record):
    body = io.BytesIO()
    fastavro.schemaless_writer(body, o.schema(topic), record)
    return body.getvalue()


# ---- records of our own, good and damaged ----

class Record:
    """A record for the input of `stage` with an identity of its own."""

    def __init__(self, stage, template, partitions, rng):
        self.stage, self.topic = stage, INPUT_OF[stage]
        record = o.decode(self.topic, template)
        declaration = record["declaration"]
        declaration.update(functional_reference_id="P" + rng.randbytes(8).hex(), content_digest=rng.randbytes(32))
        self.key = id_of(declaration)
        self.mrn = mrn_of(self.key, declaration["mrn"])
        self.partition = self.partition_of(self.key, partitions)
        self.partitions = partitions
        declaration.update(declaration_id=self.key, mrn=self.mrn)
        self.valid = template[:5] + encode(self.topic, record)
        head = io.BytesIO()
        fastavro.schemaless_writer(head, declaration_schema(self.topic), declaration)
        self.end = 5 + len(head.getvalue())  # of the declaration section
        self.record, self.declaration = record, declaration
        self.kind, self.value, self.sent_key = None, self.valid, self.key

    @staticmethod
    def partition_of(key, partitions):
        return (int.from_bytes(key[:8], "big") >> 2) % partitions

    def place(self, text):
        """Where a text of the declaration, with its length prefix (one or two bytes), begins."""
        raw = text.encode()
        prefix = bytes([len(raw) * 2 & 0x7F | 0x80, len(raw) * 2 >> 7]) if len(raw) > 63 else bytes([len(raw) * 2])
        return self.valid.index(prefix + raw, 5)

    def in_classification(self, name):
        """Where a field of the classification begins: each before it is encoded by itself."""
        section = next(f["type"] for f in o.schema(self.topic)["fields"] if f["name"] == "classification")
        at = self.end
        for field in section["fields"]:
            if field["name"] == name:
                return at
            alone = io.BytesIO()
            fastavro.schemaless_writer(alone, field["type"], self.record["classification"][field["name"]])
            at += len(alone.getvalue())
        raise KeyError(name)

    def damage(self, kind, rng):
        self.kind = kind
        self.value = KINDS[kind](self, rng)
        if kind == "wrong key":
            self.sent_key = rng.randbytes(16)
        return self

    def readable(self):
        """Does the value begin with a declaration that is known to be whole? By fastavro, not by ours."""
        try:
            found = fastavro.schemaless_reader(io.BytesIO(self.value[5:]), declaration_schema(self.topic), None)
        except Exception:  # fastavro raises what it likes for bytes that are none of its own
            return False
        return found["declaration_id"] in (self.sent_key, id_of(found))

    def named_by_key(self):
        return len(self.sent_key) == 16 and self.partition_of(self.sent_key, self.partitions) == self.partition


def replaced(valid, at, length, by):
    return valid[:at] + by + valid[at + length:]


def truncated(r, rng):
    return r.valid[:rng.randrange(r.end + 1, len(r.valid))] if r.stage != "classify" else r.valid[:rng.randrange(6, len(r.valid))]


def random_bytes(r, rng):
    return r.valid[:r.end] + rng.randbytes(rng.randrange(300, 900)) if r.stage != "classify" else rng.randbytes(rng.randrange(6, 600))


def oversize_prefix(r, rng):
    at = r.in_classification("model_version") if r.stage != "classify" else r.place(r.declaration["functional_reference_id"])
    return replaced(r.valid, at, 1, HUGE)


def wrong_enum_or_union(r, rng):
    """classified, assessed: the status of the first item, an enum (after the count and the item's number); accepted: the branch of a union."""
    at = r.in_classification("items") + 2 if r.stage != "classify" else r.place(r.declaration["declaration_office_id"]) - 1
    return replaced(r.valid, at, 1, b"\x7e")


def huge_array(r, rng):
    """The count of items: of the classification, or of the declaration (before the first item's number, and the branch of its description)."""
    at = r.in_classification("items") if r.stage != "classify" else r.place(r.declaration["items"][0]["description"]) - 3
    return replaced(r.valid, at, 1, HUGE)


KINDS = {
    "truncated": truncated,
    "wrong magic": lambda r, rng: b"\x01" + r.valid[1:],
    "unknown schema id": lambda r, rng: b"\0\x7f" + rng.randbytes(3) + r.valid[5:],
    "trailing bytes": lambda r, rng: r.valid + rng.randbytes(rng.randrange(1, 20)),
    "zero length": lambda r, rng: b"",
    "wrong key": lambda r, rng: r.valid,
    "random bytes": random_bytes,
    "oversize length prefix": oversize_prefix,
    "wrong enum or union": wrong_enum_or_union,
    "huge array count": huge_array,
}
COMBINATIONS = [(stage, kind) for kind in KINDS for stage in INPUT_OF]


# ---- the run ----

class Run:
    def __init__(self, args):
        self.args, self.rng, self.since = args, random.Random(args.seed), instant(0)
        self.intake = o.Intake(account=ACCOUNT, patience_s=60)
        self.producer = o.producer(**{"linger.ms": 0})
        self.decisions = o.Topic("gl.decisions", o.decision_of, one_by_one=False)
        self.accepted = o.Topic("gl.declarations.accepted", lambda m: (m.partition(), m.offset(), m.key()))
        self.letters = {stage: o.Topic(f"gl.{stage}.dlq", letter_of) for stage in INPUT_OF}
        self.notifications = o.Topic("gl.notifications", notification_of)
        self.partitions = len(self.decisions.partitions)
        self.templates, self.poison, self.siblings, self.good = {}, [], [], {}

    def submit(self, lines):
        status, answer = self.intake.post(b"\n".join(lines))
        o.check(status == 202, f"{status} {str(answer)[:500]}")
        for result in answer["results"]:
            o.check(result["status"] == "accepted", f"refused: {result}")
            self.good[result["mrn"]] = result
        return answer["results"]

    def take_templates(self):
        """Values as the stages write them, of declarations with classified items."""
        topics = {stage: o.Topic(topic, lambda m: m.value()) for stage, topic in INPUT_OF.items()}
        self.submit(o.generate(20))
        for stage, topic in topics.items():
            topic.wait_count(20)
            topic.close()
            self.templates[stage] = [v for v in topic.kept if self.is_fit(INPUT_OF[stage], v)]
            o.check(self.templates[stage], f"{stage}: no template is fit")

    def is_fit(self, topic, value):
        record = o.decode(topic, value)
        return len(record["declaration"]["items"]) < 63 and bool(record["declaration"]["declaration_office_id"])

    def make(self, stage):
        return Record(stage, self.rng.choice(self.templates[stage]), self.partitions, self.rng)

    def send(self, record):
        self.producer.produce(record.topic, record.value, record.sent_key, partition=record.partition, headers={"seen-by": b"nobody"})
        self.producer.poll(0)

    def send_poison(self, stage, kind):
        record = self.make(stage).damage(kind, self.rng)
        self.poison.append(record)
        self.send(record)
        return record

    def flow(self):
        """Declarations over HTTP, and after every batch its share of poison straight onto the topics."""
        bad = max(len(COMBINATIONS), round(self.args.count * self.args.share))
        good = self.args.count - bad
        lines = o.generate(good)
        begun = time.monotonic()
        for at in range(0, good, BATCH):
            self.submit(lines[at:at + BATCH])
            while len(self.poison) < bad * min(good, at + BATCH) // good:
                self.send_poison(*COMBINATIONS[len(self.poison) % len(COMBINATIONS)])
        o.check(self.producer.flush(60) == 0, "producing poison")
        print(f"{good} declarations and {bad} damaged records sent in {time.monotonic() - begun:.1f} s", flush=True)

    def wait_decided(self, mrns, what):
        wanted = set(mrns)
        self.decisions.wait(lambda kept: wanted <= {d["mrn"] for d in kept} if len(kept) >= len(wanted) else False, what, 120)

    # ---- checks ----

    def check_good(self):
        self.wait_decided(self.good, "the good ones")
        o.assert_once([d for d in self.decisions.kept if d["mrn"] in self.good], set(self.good))
        ours = {r.mrn: r for r in self.poison}
        early = [(ours[d["mrn"]].kind, ours[d["mrn"]].stage) for d in self.decisions.kept if d["mrn"] in ours]
        o.check(not early, f"damaged records were decided: {early[:3]}")
        print(f"{len(self.good)} good ones decided, each once; no damaged one", flush=True)

    def check_order(self):
        """Within a partition, decisions come in the order in which the declarations were accepted."""
        stems = {m[o.STEM]: m for m in self.good}
        for p in range(self.partitions):
            put = [mrn_of(k, "26BE000000000000I0")[o.STEM] for q, _, k in sorted(self.accepted.kept) if q == p and len(k) == 16]
            put = [s for s in put if s in stems]
            put = list(dict.fromkeys(put))
            got = [d["mrn"][o.STEM] for d in sorted((d for d in self.decisions.kept if d["partition"] == p and d["mrn"] in self.good),
                                                    key=lambda d: d["offset"])]
            first = next((i for i, (a, b) in enumerate(zip(put, got)) if a != b), None)
            o.check(put == got, f"partition {p}: {len(got)} of {len(put)} decisions, out of order from {first}")
        print("order kept in every partition", flush=True)

    def check_letters(self):
        for stage, topic in self.letters.items():
            wanted = sorted((r.sent_key, r.value) for r in self.poison if r.stage == stage)
            topic.wait_count(len(wanted))
            o.check(sorted((k, v) for k, v, _ in topic.kept) == wanted, f"{stage}: {len(topic.kept)} dead letters, {len(wanted)} damaged records")
            for _, _, headers in topic.kept:
                for name in ("code", "message", "stage", "stage_version", "topic", "partition", "offset", "timestamp", "attempts", "first_seen"):
                    o.check(headers.get("gl.dlq." + name), f"{stage}: a dead letter without gl.dlq.{name}: {headers}")
                for name in ("topic", "partition", "offset", "stage", "exception.message"):
                    o.check(headers.get("__connect.errors." + name), f"{stage}: a dead letter without __connect.errors.{name}: {headers}")
                o.check(headers["gl.dlq.topic"] == INPUT_OF[stage].encode() and headers["gl.dlq.stage"] == stage.encode() and
                        headers.get("seen-by") == b"nobody", f"{stage}: {headers}")
        print(f"{len(self.poison)} dead letters as they came, with their error", flush=True)

    def check_holds(self):
        """Of the ten kinds each names its declaration, by its value or by its key."""
        due = {r.key: r for r in self.poison if r.readable() or r.named_by_key()}
        o.check(len(due) == len(self.poison), f"only {len(due)} of {len(self.poison)} damaged records name their declaration")
        self.wait_told(due)
        ours = {r.key for r in self.poison} | {r.sent_key for r in self.poison}
        told = [n for n in self.notifications.kept if n["id"] in ours]
        o.check(sorted(n["id"] for n in told) == sorted(due), f"{len(told)} notifications for {len(due)} holds")
        for n in told:
            record = due[n["id"]]
            o.check("technical-failure" in n["payload"] and n["mrn"] == (record.mrn if record.readable() else ""), f"not its technical hold: {n}")
            o.check(("only its id is known" in n["payload"]) != record.readable(), f"{record.kind} at {record.stage}: {n}")
        for r in due.values():
            view = o.wait_for(lambda m=r.mrn: self.view(m), f"view of {r.mrn}", 180)
            o.check(view["outcome"] == "HELD" and view["version"] == 0 and view["hold"]["reason"] == "technical-failure", f"view: {view}")
            o.check(r.readable() or view["mrn"] == view["lrn"] == view["submitter"] == "", f"view of what cannot be read: {view}")
        by_key = sum(not r.readable() for r in due.values())
        print(f"{len(due)} technical holds, notified and in the view; {by_key} of them by their key alone", flush=True)

    def wait_told(self, due):
        end = time.monotonic() + 60
        while missing := set(due) - {n["id"] for n in self.notifications.kept}:
            o.check(time.monotonic() < end, f"no notification of a hold: {[(due[m].stage, due[m].kind) for m in missing][:5]}")
            time.sleep(0.05)

    def view(self, mrn):
        status, answer = self.intake.status(mrn)
        o.check(status in (200, 404, 503), f"status of {mrn}: {status} {answer}")
        return answer if status == 200 else None

    def check_moves_on(self):
        """A damaged record, and a good one right behind it in its partition: how long the good one takes to its decision. Three tries, as a
        machine may stall; a partition that waits for a bad record waits each time."""
        worst = 0.0
        for stage, kind in COMBINATIONS:
            took = min(self.time_behind(stage, kind, attempt) for attempt in self.attempts())
            worst = max(worst, took)
            o.check(took < self.args.within, f"{kind} at {stage}: the record behind it was decided after {took:.2f} s")
        print(f"behind a damaged record a good one is decided within {worst * 1000:.0f} ms", flush=True)

    def attempts(self):
        self.last_took = 0.0
        for attempt in range(3):
            if attempt and self.last_took < self.args.within:
                return
            yield attempt

    def time_behind(self, stage, kind, attempt):
        bad = self.send_poison(stage, kind)
        sibling = self.make(stage)
        sibling.partition, sibling.key = bad.partition, sibling.key
        while (int.from_bytes(sibling.key[:8], "big") >> 2) % self.partitions != bad.partition or sibling.mrn in self.good:
            sibling = self.make(stage)
        sibling.sent_key = sibling.key
        begun = time.monotonic()
        self.send(sibling)
        self.producer.flush(10)
        self.siblings.append(sibling)
        at = len(self.decisions.kept)
        o.wait_for(lambda: any(d["mrn"] == sibling.mrn for d in self.decisions.kept[max(0, at - 50):]), f"the one behind {kind} at {stage}", 60, 0.01)
        self.last_took = time.monotonic() - begun
        return self.last_took

    # ---- repair ----

    def open_letters(self):
        """Of ours, by what was sent."""
        found = {}
        for line in o.json_lines(o.greenlane("dlq", "show", "--json")):
            found.setdefault((line["stage"], line["key_hex"], line["value_hex"]), []).append(line)
        return found

    def redrive(self, *arguments):
        return json.loads(o.greenlane("dlq", "redrive", "--json", *arguments))

    def check_unchanged(self):
        """Sent again as they are, some fail again: new dead letters with their history; not sent a second time."""
        some = self.poison[:: max(1, len(self.poison) // 5)][:5]
        for r in some:
            o.check(self.redrive("--stage", r.stage, "--key", r.sent_key.hex())["records"] == 1, "a dry run says what would be sent")
            done = self.redrive("--stage", r.stage, "--key", r.sent_key.hex(), "--yes")
            o.check(done["records"] == 1 and done["refused"] == 0 and not done["dry_run"], f"{done}")
        for r in some:
            topic = self.letters[r.stage]
            topic.wait(lambda kept, k=r.sent_key: sum(key == k for key, _, _ in kept) == 2, f"{r.kind}: a second dead letter")
            first, second = [h for key, _, h in topic.kept if key == r.sent_key]
            o.check(second.get("gl.redriven") == b"1" and second["gl.redriven_from"].startswith(f"gl.{r.stage}.dlq/".encode()), f"{second}")
            o.check(second["gl.dlq.attempts"] == b"%d" % (int(first["gl.dlq.attempts"]) * 2) and second["gl.dlq.first_seen"] == first["gl.dlq.first_seen"],
                    f"{first} then {second}")
            o.check(second["gl.dlq.code"] == first["gl.dlq.code"] and second["seen-by"] == b"nobody", f"{second}")
        print(f"{len(some)} sent again unchanged failed again, with their history", flush=True)

    def repair(self):
        """Corrected values for all, through the command; then the same again, which sends nothing."""
        found = self.open_letters()
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson", delete=False) as file:
            for r in self.poison:
                lines = found.get((r.stage, r.sent_key.hex(), r.value.hex()), [])
                o.check(len(lines) == 1, f"{r.kind} at {r.stage}: {len(lines)} open dead letters")
                line = {k: lines[0][k] for k in ("stage", "partition", "offset")}
                file.write(json.dumps({**line, "value_hex": r.valid.hex(), "key_hex": r.key.hex()}) + "\n")
        try:
            o.check(self.redrive("--replace", file.name)["records"] == len(self.poison), "a dry run of the repair")
            begun = time.monotonic()
            done = self.redrive("--replace", file.name, "--yes")
            o.check(done["records"] == len(self.poison) and done["refused"] == 0, f"{done}")
            self.wait_decided([r.mrn for r in self.poison], "the repaired ones")
            print(f"{len(self.poison)} repaired, sent again and decided in {time.monotonic() - begun:.1f} s", flush=True)
            again = self.redrive("--replace", file.name, "--yes")
            o.check(again["records"] == 0, f"a second run sent {again['records']} again")
            forced = self.redrive("--replace", file.name, "--again", "--limit", 3, "--yes")  # duplicates by now: no second decision
            o.check(forced["records"] == 3, f"{forced}")
        finally:
            os.unlink(file.name)

    def check_repaired(self):
        o.flush_pipeline(self.decisions)
        wanted = {r.mrn for r in self.poison} | {r.mrn for r in self.siblings} | set(self.good)
        o.assert_once([d for d in self.decisions.kept if d["mrn"] in wanted], wanted)
        for r in self.poison:
            view = o.wait_for(lambda m=r.mrn: (v := self.view(m)) and v["version"] == 1 and v, f"the decision in the view of {r.mrn}", 180)
            o.check(not (view["hold"] or {}).get("reason") == "technical-failure", f"the technical hold is still there: {view}")
        print(f"every hold is replaced by a decision: {len(wanted)} decided in all, each once", flush=True)

    def check_nobodys(self):
        """Neither the value nor the key names a declaration of the partition: a dead letter, and nobody is told."""
        strangers = []
        for stage in INPUT_OF:
            for _ in range(3):
                r = self.make(stage)
                r.value, r.sent_key = self.rng.randbytes(40), self.rng.randbytes(16)
                while r.named_by_key():
                    r.sent_key = self.rng.randbytes(16)
                strangers.append(r)
                self.send(r)
        o.check(self.producer.flush(10) == 0, "producing records of nobody")
        for r in strangers:
            self.letters[r.stage].wait(lambda kept, k=r.sent_key: any(key == k for key, _, _ in kept), "a dead letter of nobody's record")
        o.flush_pipeline(self.decisions)
        told = [n for n in self.notifications.kept if n["id"] in {r.sent_key for r in strangers}]
        o.check(not told, f"told of records that are nobody's: {told[:2]}")
        print(f"{len(strangers)} records that name no declaration of their partition: dead letters, and nobody is told", flush=True)
        return strangers[0]

    def check_dropped(self, record):
        """Dropped with a reason, a dead letter is not open any more, is shown only with --all, and is not sent again; the filters of list."""
        one = ("--stage", record.stage, "--key", record.sent_key.hex())
        drop = ("dlq", "drop", "--json", "--reason", "nobody's", *one)
        said = [json.loads(o.greenlane(*drop, *more)) for more in ((), ("--yes",), ("--yes",))]
        o.check([(d["records"], d["dry_run"]) for d in said] == [(1, True), (1, False), (0, False)], f"drop: {said}")
        o.check(not o.json_lines(o.greenlane("dlq", "show", "--json", *one)), "a dropped one is shown as open")
        shown = o.json_lines(o.greenlane("dlq", "show", "--json", "--all", *one))
        o.check([line["handled"] for line in shown] == [True], f"show --all: {shown}")
        o.check(self.redrive(*one, "--yes")["records"] == 0, "a dropped one was sent again")
        known = collections.Counter((stage, h["gl.dlq.code"].decode()) for stage, t in self.letters.items() for _, _, h in t.kept)
        code = known.most_common(1)[0][0][1]
        for more, wanted in (((), known), (("--code", code), {k: n for k, n in known.items() if k[1] == code}), (("--code", "no-such-code"), {})):
            listed = json.loads(o.greenlane("dlq", "list", "--json", "--since", self.since, *more))
            o.check({(g["stage"], g["code"]): g["open"] + g["handled"] for g in listed} == dict(wanted), f"list {more}: {listed}, known {wanted}")
        o.check(json.loads(o.greenlane("dlq", "list", "--json", "--since", instant(3600))) == [], "list --since a time to come")
        print(f"one dropped and not sent again; list counts {sum(known.values())} by code and time", flush=True)

    def close(self):
        for topic in (self.decisions, self.accepted, self.notifications, *self.letters.values()):
            topic.close()


def instant(seconds_from_now):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds_from_now))


def letter_of(message):
    if dict(message.headers() or []).get("seen-by") != b"nobody":
        return None
    return message.key(), message.value() or b"", dict(message.headers())


def notification_of(message):
    record = o.decode("gl.notifications", message.value())
    return {"id": record["notification"]["declaration_id"], "mrn": record["notification"]["mrn"], "payload": o.text_of(record["notification"]["payload"])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--within", type=float, default=1.0, help="seconds")
    args = parser.parse_args()
    o.need_stack()
    print(f"seed {args.seed}", flush=True)
    run = Run(args)
    run.take_templates()
    run.flow()
    run.check_good()
    run.check_order()
    run.check_letters()
    run.check_holds()
    run.check_moves_on()
    run.check_unchanged()
    run.repair()
    run.check_repaired()
    run.check_dropped(run.check_nobodys())
    run.close()
    o.assert_all_run()


if __name__ == "__main__":
    main()
