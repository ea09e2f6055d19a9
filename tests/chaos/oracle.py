"""The judge: an outside read_committed client that follows every topic, and compares what is there with what senders were told.

A process of its own, started with the stack: it reads from the beginning and keeps a few words for each declaration. On {"finish": ...}
(standard input) it reads up to the end, reads the ledger (driver.py), and writes a report: counts, and violations by kind with their first
examples. It knows the printed schemas, the rule that makes an id of a submitter and an LRN, and nothing else of ours.

What it checks, and the name a violation has (KINDS; test_oracle.py shows that each check can fail):
  lost             an accepted declaration, amendment or event without its decision
  doubled          a version, or an event, decided twice
  order            versions that are not consecutive in the order of the log; events of a declaration decided in another order than sent
  foreign          a decision for what nobody was told is accepted, or an accepted record of what was refused
  told             an answer that is not true: another MRN for the same LRN, a bad one accepted, a good one refused, accepted and not there
  rejection        a refused declaration without its record, or with more records than attempts
  notification     not one notification for each version; the balance of accepted records, decisions, duplicates and reuses
  audit            a broken chain, or entries that are not the decisions in their order
  dead-letter      a dead letter that no fault explains
  status           GET /v1/declarations/{mrn} differs from the last decision, or says 404 of what was told accepted
  schema           a rejection, decision, notification or audit block that the printed schema does not decode to the last byte
"""
import collections
import hashlib
import json
import os
import random
import struct
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import outside as o  # noqa: E402
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition  # noqa: E402

KINDS = ("lost", "doubled", "order", "foreign", "told", "rejection", "notification", "audit", "dead-letter", "status", "schema")
ACCEPTED, REJECTED, DECISIONS, NOTIFICATIONS, AUDIT = ("gl.declarations.accepted", "gl.declarations.rejected", "gl.decisions", "gl.notifications",
                                                       "gl.audit")
BETWEEN = ("gl.declarations.classified", "gl.declarations.assessed")
DEAD = tuple(f"gl.{stage}.dlq" for stage in o.STAGES)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SUBMITTER = "chaos"
SPOILT = ("seen-by", b"chaos")  # header of records that a fault put there
EXAMPLES = 5
STATUS_SAMPLE = 400


def declaration_id(submitter, lrn, family=0):
    s, t = submitter.encode(), lrn.encode()
    return hashlib.sha256(struct.pack(">I", len(s)) + s + struct.pack(">I", len(t)) + t + bytes([family])).digest()[:16]


def stem_of(key):
    bits = int.from_bytes(key[:8], "big") >> 2
    out = ""
    for _ in range(12):
        bits, digit = divmod(bits, 36)
        out = ALPHABET[digit] + out
    return out


class Known:
    """What is on the topics about one declaration."""
    __slots__ = ("mrn", "lrn", "submitter", "version", "outcome", "lane", "accepted", "where", "messages", "others", "events")

    def __init__(self):
        self.mrn = self.lrn = self.submitter = self.outcome = self.lane = None
        self.version = self.accepted = 0
        self.where = None  # how far its records came: [(topic, partition, offset)] of the stages before decide
        self.messages = None  # notifications of versions: a number while they are 1..n in order, else a list
        self.others = None  # notifications of duplicates and reuses
        self.events = None  # [(version, cause, event id)] beyond the first


class Oracle:
    def __init__(self):
        self.known = {}
        self.rejections = collections.Counter()
        self.violations = collections.defaultdict(list)
        self.violation_counts = collections.Counter()
        self.counts = collections.Counter()
        self.audit_head = {}  # partition: (sequence, hash)
        self.decided = collections.defaultdict(collections.deque)  # partition: (id, version, digest) not yet audited
        self.audited = collections.defaultdict(collections.deque)
        self.technical = set()
        self.dead_keys = set()
        self.ends = None
        self.reached = {}

    def violate(self, kind, text):
        self.violation_counts[kind] += 1
        if len(self.violations[kind]) < EXAMPLES:
            self.violations[kind].append(text)

    def of(self, key):
        known = self.known.get(key)
        if known is None:
            known = self.known[key] = Known()
        return known

    # ---- records ----

    def on_accepted(self, message):
        if SPOILT in (message.headers() or ()):
            return
        self.of(message.key()).accepted += 1
        self.counts["accepted records"] += 1
        self.on_way(message)

    def on_way(self, message):
        """Kept until it is decided: a lost one is to say where it was lost."""
        if SPOILT in (message.headers() or ()):
            return
        known = self.of(message.key())
        if known.version == 0:
            known.where = (known.where or []) + [(message.topic(), message.partition(), message.offset())]

    def on_rejected(self, message):
        record = o.decode(REJECTED, message.value())["rejection"]
        self.counts["rejection records"] += 1
        if record["submitter"] == SUBMITTER:
            self.rejections[record["functional_reference_id"]] += 1

    def on_decision(self, message):
        value, key, partition = message.value(), message.key(), message.partition()
        record = o.decode(DECISIONS, value)
        declaration, decision = record["declaration"], record["decision"]
        self.counts["decisions"] += 1
        self.counts[f"outcome {decision['outcome']}"] += 1
        self.counts["degraded"] += decision["degraded"]
        # Shows that a clock fault met decide: 60 s are more than reading is late, 90 s less than any jump.
        self.counts["decided by another clock"] += abs(decision["decided_at"].timestamp() - time.time()) > 75
        known, version, mrn = self.of(key), decision["version"], declaration["mrn"]
        where = f"{mrn} at {partition}:{message.offset()}"
        if decision["declaration_id"] != key or declaration["declaration_id"] != key or mrn[o.STEM] != stem_of(key):
            self.violate("order", f"{where}: key, id and MRN are not of one declaration")
        if partition != o.partition_of(mrn, self.partition_count):
            self.violate("order", f"{where}: in the wrong partition")
        if version <= known.version:
            self.violate("doubled", f"{where}: version {version} after version {known.version}, cause {decision['cause']}")
        elif version != known.version + 1:
            self.violate("order", f"{where}: version {version} after version {known.version}")
        if known.mrn not in (None, mrn):
            self.violate("told", f"{where}: the MRN was {known.mrn} before")
        known.mrn, known.lrn, known.submitter = mrn, declaration["functional_reference_id"], sys.intern(declaration["submitter"])
        known.where = None
        known.version, known.outcome, known.lane = version, sys.intern(decision["outcome"]), sys.intern(decision["lane"])
        if version > 1 or decision["cause"] != "ACCEPTANCE":
            known.events = (known.events or []) + [(version, sys.intern(decision["cause"]), decision["causing_event_id"])]
        self.decided[partition].append((key, version, hashlib.sha256(value).digest()))
        self.match(partition)

    def on_notification(self, message):
        record = o.decode(NOTIFICATIONS, message.value())["notification"]
        known, version, payload = self.of(record["declaration_id"]), record["decision_version"], record["payload"]
        self.counts["notifications"] += 1
        if message.key() != record["declaration_id"]:
            self.violate("notification", f"{record['mrn']}: its key is another declaration's")
        for kind, mark in (("duplicate", "<StatementCode>duplicate</StatementCode>"), ("reused", "<ValidationCode>GL-LRN</ValidationCode>"),
                           ("superseded", "<StatementCode>superseded</StatementCode>")):
            if mark in payload:
                known.others = (known.others or []) + [kind]
                self.counts[f"notifications {kind}"] += 1
                return
        if version == 0:
            self.technical.add(record["declaration_id"])
            self.counts["technical holds"] += 1
        elif isinstance(known.messages, list):
            known.messages.append(version)
        elif version == (known.messages or 0) + 1:
            known.messages = version
        else:
            known.messages = list(range(1, (known.messages or 0) + 1)) + [version]

    def on_audit(self, message):
        block = o.decode(AUDIT, message.value())["audit"]
        partition = message.partition()
        sequence, head = self.audit_head.get(partition, (0, bytes(32)))
        where = f"partition {partition}, block {block['sequence']}"
        if block["sequence"] != sequence + 1 or block["previous_hash"] != head:
            self.violate("audit", f"{where}: does not follow block {sequence}")
        digest = hashlib.sha256(block["previous_hash"] + struct.pack(">q", block["sequence"]))
        for entry in block["entries"]:
            digest.update(entry["declaration_id"] + struct.pack(">i", entry["version"]) + entry["digest"])
            self.audited[partition].append((entry["declaration_id"], entry["version"], entry["digest"]))
        if digest.digest() != block["hash"]:
            self.violate("audit", f"{where}: its hash is not that of its content")
        self.audit_head[partition] = (block["sequence"], block["hash"])
        self.counts["audit blocks"] += 1
        self.match(partition)

    def match(self, partition):
        """Entries and decisions are the same sequence."""
        decided, audited = self.decided[partition], self.audited[partition]
        while decided and audited:
            one, other = decided.popleft(), audited.popleft()
            if one != other:
                self.violate("audit", f"partition {partition}: {stem_of(one[0])} version {one[1]} was decided, "
                                      f"{stem_of(other[0])} version {other[1]} is in the chain")

    def on_dead(self, message):
        headers = dict(message.headers() or [])
        if SPOILT in headers.items():
            self.counts["dead letters of faults"] += 1
            self.dead_keys.add(message.key())  # a key that looks right makes a hold
            return
        self.dead_keys.add(message.key())
        self.violate("dead-letter", f"{message.topic()} {message.partition()}:{message.offset()}: {headers.get('gl.dlq.code')} "
                                    f"{(headers.get('gl.dlq.message') or b'')[:200]}")

    # ---- following ----

    def open(self, consumer):
        self.consumer = consumer
        self.handlers = {**{topic: self.on_way for topic in BETWEEN}, ACCEPTED: self.on_accepted, REJECTED: self.on_rejected, DECISIONS: self.on_decision,
                         NOTIFICATIONS: self.on_notification, AUDIT: self.on_audit, **{topic: self.on_dead for topic in DEAD}}
        self.partitions = []
        for topic in self.handlers:
            found = self.consumer.list_topics(topic, 30).topics[topic]
            self.partitions += [TopicPartition(topic, p, OFFSET_BEGINNING) for p in found.partitions]
            if topic == DECISIONS:
                self.partition_count = len(found.partitions)
        self.consumer.assign(self.partitions)

    def step(self):
        for message in self.consumer.consume(2000, 0.1):
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    self.reached[(message.topic(), message.partition())] = message.offset()
                elif not error.retriable() and error.code() not in o.AWAY:
                    raise KafkaException(error)
                continue
            self.reached[(message.topic(), message.partition())] = message.offset() + 1
            try:
                self.handlers[message.topic()](message)
            except (Exception, SystemExit) as wrong:  # a value that is not what the schema says; o.check() exits
                self.violate("schema", f"{message.topic()} {message.partition()}:{message.offset()}: {type(wrong).__name__}: {wrong}")

    def end_of(self, at):
        """Leaders may move still."""
        until = time.monotonic() + 60
        while True:
            try:
                return self.consumer.get_watermark_offsets(TopicPartition(at.topic, at.partition), 10)[1]
            except KafkaException:
                if time.monotonic() > until:
                    raise
            self.step()

    def read_to_end(self, seconds):
        ends = {(p.topic, p.partition): self.end_of(p) for p in self.partitions}
        until = time.monotonic() + seconds
        behind = ends
        while behind:
            self.step()
            behind = {at: end for at, end in ends.items() if self.reached.get(at, 0) < end}
            if time.monotonic() > until:
                self.violate("lost", f"not readable to the end within {seconds} s: " +
                             ", ".join(f"{t} {p}: {self.reached.get((t, p), 0)} of {end}" for (t, p), end in list(behind.items())[:5]))
                return

    # ---- judging ----

    def judge(self, ledger, ask, patience_s=30):
        """ask(mrn): the status and the view that ingest answers. A view is written after the commit: it may be late by patience_s."""
        told = Told(ledger, self)
        told.judge()
        for partition, decided in self.decided.items():
            if decided:
                self.violate("audit", f"partition {partition}: {len(decided)} decisions are not in the chain, first {stem_of(decided[0][0])}")
        for partition, audited in self.audited.items():
            if audited:
                self.violate("audit", f"partition {partition}: {len(audited)} entries without a decision, first {stem_of(audited[0][0])}")
        for key, known in self.known.items():
            self.judge_messages(key, known)
        self.judge_status(told, ask, patience_s)
        self.count_outcomes()

    def judge_messages(self, key, known):
        others = known.others or []
        if known.messages != (known.version or None):
            self.violate("notification", f"{known.mrn or stem_of(key)}: {known.version} versions, notifications of {known.messages}")
        taken = sum(1 for _, cause, _ in known.events or [] if cause == "AMENDMENT")
        taken += known.version > 0 and not (known.events and known.events[0][0] == 1)
        if key in self.technical:
            if key not in self.dead_keys:
                self.violate("lost", f"{known.mrn or stem_of(key)}: a technical hold, and no dead letter")
            return
        if known.version == 0 and not others and known.accepted:
            return  # Told.judge() says what it is
        if known.accepted != taken + len(others):
            self.violate("notification" if known.accepted < taken + len(others) else "lost",
                         f"{known.mrn or stem_of(key)}: {known.accepted} accepted records, {taken} decided, {others}")

    def judge_status(self, told, ask, patience_s):
        """Asked again: 503, and a view that is behind. A 404 says that there is nothing, and is never an answer about what was told accepted."""
        decided = [known for known in self.known.values() if known.version > 0 and known.submitter == SUBMITTER]
        for known in random.Random(1).sample(decided, min(STATUS_SAMPLE, len(decided))):
            until = time.monotonic() + patience_s
            while True:
                status, view = ask(known.mrn)
                good = status == 200 and (view["mrn"], view["version"], view["outcome"], view.get("lane")) == (known.mrn, known.version,
                                                                                                              known.outcome, known.lane)
                denied = status == 404 and known.lrn in told.mrn
                if good or denied or time.monotonic() > until:
                    break
                time.sleep(0.2)
            self.counts["statuses compared"] += 1
            if not good:
                self.violate("status", f"{known.mrn}: {status} {str(view)[:300]}; decided {known.version} {known.outcome} {known.lane}")

    def count_outcomes(self):
        """What became of each declaration in the end."""
        for key, known in self.known.items():
            if known.version > 0:
                self.counts[f"declarations {known.outcome}"] += 1
            elif key in self.technical:
                self.counts["declarations HELD"] += 1

    def report(self):
        return {"counts": dict(sorted(self.counts.items())), "violations": dict(self.violation_counts), "examples": dict(self.violations)}


class Told:
    """What the ledger says, compared with what the oracle found."""

    def __init__(self, path, oracle):
        self.oracle = oracle
        self.mrn = {}  # lrn: MRN of its accepted answers
        self.sent = {}  # lrn: kinds
        self.open = {}  # request: its words, without an answer so far
        self.attempts = collections.Counter()  # request
        self.rejected = collections.Counter()  # lrn
        self.rejectable = collections.Counter()  # lrn: attempts that may have left a rejection record
        self.reused = collections.Counter()
        self.events = {}  # id: (mrn, type, accepted)
        self.event_order = collections.defaultdict(list)
        self.amended = collections.Counter()  # mrn
        with open(path, encoding="ascii") as file:
            for line in file:
                self.read(line.rstrip("\n").split(" "))

    def read(self, words):
        kind, number = words[0], words[1]
        if kind == "S":
            self.open[number] = words[2:]
            for word in words[2:]:
                what, _, lrn = word.partition(":")
                self.sent[lrn] = self.sent.get(lrn, "") + what
        elif kind == "T":
            self.attempts[number] += 1
        elif kind == "A":
            self.answer(self.open.pop(number), number, words[3:])
        elif kind == "E":
            self.events[number] = [words[2], words[3], False]
            self.event_order[words[2]].append(number)
        elif kind == "F":
            self.events[number][2] = words[2] == "accepted"

    def answer(self, sent, number, answers):
        oracle = self.oracle
        for one, answer in zip(sent, answers):
            what, _, lrn = one.partition(":")
            answered_lrn, _, result = answer.partition("=")
            oracle.counts["answers"] += 1
            if what in "bx":
                self.rejectable[lrn] += 1 + self.attempts[number]
            if result.startswith("!"):
                oracle.counts["answered rejected"] += 1
                self.rejected[lrn] += 1
                if what in "nda":
                    oracle.violate("told", f"{lrn}: sent as {what}, refused with {result[1:]}")
                continue
            mrn, _, flags = result.partition(":")
            oracle.counts["answered accepted"] += 1
            oracle.counts["answered duplicate"] += "D" in flags
            oracle.counts["answered pending"] += "P" in flags
            if answered_lrn != lrn:
                oracle.violate("told", f"{lrn}: the answer in its place is for {answered_lrn}")
            if what == "b":
                oracle.violate("told", f"{lrn}: is bad and was accepted as {mrn}")
            elif what == "x" and "P" not in flags:
                oracle.violate("told", f"{lrn}: other content under a used LRN was accepted without a doubt as {mrn}")
            if what == "a":  # each has content of its own: a duplicate is of its own attempt before
                self.amended[mrn] += 1
            if self.mrn.setdefault(lrn, mrn) != mrn:
                oracle.violate("told", f"{lrn}: was told {self.mrn[lrn]} and {mrn}")

    def judge(self):
        oracle = self.oracle
        unanswered = set()
        for number, words in self.open.items():
            for word in words:
                what, _, lrn = word.partition(":")
                unanswered.add(lrn)
                self.rejectable[lrn] += 1 + self.attempts[number]
        oracle.counts["declarations sent"] = len(self.sent)
        oracle.counts["declarations without an answer"] = len(unanswered)
        oracle.counts["declarations told accepted"] = len(self.mrn)
        for lrn, mrn in self.mrn.items():
            known = oracle.known.get(declaration_id(SUBMITTER, lrn))
            if known is None or known.accepted == 0:
                oracle.violate("told", f"{lrn}: was told accepted as {mrn}, and no accepted record is there")
            elif known.version == 0:
                if declaration_id(SUBMITTER, lrn) not in oracle.technical:
                    oracle.violate("lost", f"{lrn}: accepted as {mrn}, no decision; came to {known.where}")
            elif known.mrn != mrn:
                oracle.violate("told", f"{lrn}: was told {mrn}, decided as {known.mrn}")
        for lrn in self.sent.keys() - self.mrn.keys():
            key = declaration_id(SUBMITTER, lrn)
            known = oracle.known.get(key)
            if known is not None and known.accepted and known.version == 0 and key not in oracle.technical:
                if lrn in unanswered:
                    oracle.violate("lost", f"{lrn}: an accepted record without an answer, no decision; came to {known.where}")
                else:
                    oracle.violate("foreign", f"{lrn}: was refused, and has an accepted record")
        for key, known in oracle.known.items():
            if known.submitter not in (SUBMITTER, None):
                continue
            lrn = known.lrn
            if lrn is not None and lrn not in self.mrn and lrn not in unanswered:
                oracle.violate("foreign", f"{known.mrn} ({lrn}): decided, and nobody was told it is accepted")
        for lrn, count in self.rejected.items():
            if oracle.rejections[lrn] < count:
                oracle.violate("rejection", f"{lrn}: refused {count} times, {oracle.rejections[lrn]} records")
        for lrn, count in oracle.rejections.items():
            if count > self.rejectable[lrn]:
                oracle.violate("rejection", f"{lrn}: {count} records for {self.rejectable[lrn]} attempts")
        self.judge_events()

    def judge_events(self):
        oracle = self.oracle
        by_mrn = {known.mrn: known for known in oracle.known.values() if known.events}
        decided = collections.Counter(event for known in by_mrn.values() for _, _, event in known.events if event)
        for event, (mrn, kind, accepted) in self.events.items():
            oracle.counts["events accepted"] += accepted
            if accepted and decided[event] != 1:
                oracle.violate("lost" if decided[event] == 0 else "doubled", f"{mrn}: event {event} ({kind}) has {decided[event]} decisions")
        for mrn, sent in self.event_order.items():
            known = by_mrn.get(mrn)
            order = [event for _, _, event in (known.events if known else []) if event in self.events]
            if order != [event for event in sent if event in set(order)]:
                oracle.violate("order", f"{mrn}: events were sent as {sent}, decided as {order}")
        for mrn, count in self.amended.items():
            oracle.counts["amendments accepted"] += count
            found = sum(1 for _, cause, _ in (by_mrn[mrn].events if mrn in by_mrn else []) if cause == "AMENDMENT")
            if found != count:
                oracle.violate("lost" if found < count else "doubled", f"{mrn}: {count} amendments accepted, {found} decided")
        for known in by_mrn.values():
            for version, cause, event in known.events:
                if known.submitter == SUBMITTER and cause != "AMENDMENT" and event not in self.events and cause not in ("TIMER", "TECHNICAL_FAILURE"):
                    oracle.violate("foreign", f"{known.mrn}: version {version}, cause {cause}, event {event}, which nobody sent")


def following():
    return Consumer({"bootstrap.servers": os.environ["KAFKA_BROKERS"], "group.id": f"oracle-{os.getpid()}", "isolation.level": "read_committed",
                     "enable.auto.commit": False, "auto.offset.reset": "error", "enable.partition.eof": True,
                     "queued.max.messages.kbytes": 65536, "reconnect.backoff.max.ms": 1000, "log_level": 0, **o.SOON})


def main():
    for build in sys.argv[1:]:  # of versions that run beside the own one
        o.know_schemas(build)
    oracle = Oracle()
    oracle.open(following())
    wanted = []

    def commands():
        for line in sys.stdin:
            wanted.append(json.loads(line))

    threading.Thread(target=commands, daemon=True).start()
    last = 0.0
    while not wanted:
        oracle.step()
        if time.monotonic() - last > 1:
            last = time.monotonic()
            print(json.dumps({"decisions": oracle.counts["decisions"], "violations": dict(oracle.violation_counts)}), flush=True)
    oracle.read_to_end(120)
    oracle.judge(wanted[0]["finish"], o.Intake(account=SUBMITTER, patience_s=60).status)
    with open(wanted[0]["report"], "w", encoding="utf-8") as file:
        json.dump(oracle.report(), file, indent=1)


if __name__ == "__main__":
    main()
