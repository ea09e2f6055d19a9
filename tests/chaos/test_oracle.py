"""The judge can fail: each of its checks, alone.

A small whole world is made in memory: topics, ledger and statuses as a run without any mistake leaves them. The judge (oracle.py) reads it
through a client that is not there, and must find nothing. Then the world is damaged in one way after the other: each must give exactly the
kinds of violations that it names, the first for what is wrong, others only when they follow from it. Always holds: every kind that
oracle.py knows, and every place there that reports one, has a damage here that makes it report.
"""
import ast
import collections
import copy
import hashlib
import io
import os
import re
import struct
import sys
import tempfile
import types

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import oracle as judge  # noqa: E402
import fastavro  # noqa: E402

o = judge.o
PARTITIONS = 4
NO_WAIT_S = 0.05  # for what stays wrong; what becomes right has the time it needs
DEAD = judge.DEAD[1]
GHOST = "26LU000000000000J0"  # no MRN of anybody


# ---- values by the printed schemas ----

def blank(schema, named):
    """The emptiest value of a schema."""
    if isinstance(schema, list):
        return None if "null" in schema else blank(schema[0], named)
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind in named:
        return blank(named[kind], named)
    if kind in ("record", "enum", "fixed"):
        named[schema["name"]] = schema
    if kind == "record":
        return {field["name"]: blank(field["type"], named) for field in schema["fields"]}
    return {"enum": lambda: schema["symbols"][0], "fixed": lambda: bytes(schema["size"]), "array": list, "map": dict, "string": str, "bytes": bytes,
            "boolean": bool, "double": float, "float": float, "int": int, "long": int}[kind]()


BLANKS = {}


def value_of(topic, sections):
    """Bytes in the wire format: an empty record, with these fields of its sections set."""
    if topic not in BLANKS:
        BLANKS[topic] = blank(o.schema(topic), {})
    record = copy.deepcopy(BLANKS[topic])
    for section, fields in sections.items():
        assert fields.keys() <= record[section].keys(), (topic, section, fields)
        record[section].update(fields)
    out = io.BytesIO(bytes([0, 0, 0, 0, 1]))
    out.seek(5)
    fastavro.schemaless_writer(out, o.schema(topic), record)
    return out.getvalue()


# ---- a world ----

def key_of(lrn, submitter=judge.SUBMITTER):
    return judge.declaration_id(submitter, lrn)


def mrn_of(lrn, submitter=judge.SUBMITTER):
    return "26LU" + judge.stem_of(key_of(lrn, submitter)) + "J0"


class Record:
    """One on a topic. What is set here is what damages change; bytes are made of it at the end."""

    def __init__(self, topic, lrn, submitter=judge.SUBMITTER, **words):
        self.topic, self.lrn = topic, lrn
        self.key = key_of(lrn, submitter)
        self.partition = o.partition_of(mrn_of(lrn, submitter), PARTITIONS)
        self.headers = self.version = None
        self.sections = words.pop("sections", {})
        self.damage = lambda value: value  # of the bytes
        self.__dict__.update(words)


class Message:
    def __init__(self, record, offset, value):
        self._words = (record.topic, record.partition, offset, record.key, record.damage(value), record.headers)

    def error(self): return None
    def topic(self): return self._words[0]
    def partition(self): return self._words[1]
    def offset(self): return self._words[2]
    def key(self): return self._words[3]
    def value(self): return self._words[4]
    def headers(self): return self._words[5]


class World:
    """Declarations of every kind that driver.py sends, each with all that follows from it."""

    def __init__(self):
        self.records, self.blocks, self.ledger = [], [], []
        self.request = 0
        self.statuses = {}  # mrn: answers in a row, the last one for ever
        self.asked = collections.Counter()
        self.patience_s = 30
        self.unread = 0
        self.declare("plain")
        self.declare("repeated", "n d")  # found by ingest: no second record
        self.declare("doubtful", "n d:P")  # found by decide
        self.declare("reused", "n x!lrn-reused")
        self.declare("contested", "n x:P")
        self.declare("again", "n", records=2, closed="superseded")
        self.send("b:bad", "bad=!missing")
        self.reject("bad")
        self.send("b:worse", "worse=!missing", attempts=1)  # one without an answer left a record as well
        self.reject("worse")
        self.reject("worse")
        self.declare("amended", "n a:M a:M", causes=["ACCEPTANCE", "AMENDMENT", "AMENDMENT"], records=3)
        self.declare("eventful", causes=["ACCEPTANCE", "TIMER", "ARRIVAL", "INSPECTION", "OVERRIDE"], events=[None, None, "e1", "e2", "e3"])
        self.declare("waiting", causes=["ACCEPTANCE", "TIMER", "TIMER"])
        self.declare("both", "n a:M", causes=["ACCEPTANCE", "ARRIVAL", "AMENDMENT"], events=[None, "e4", None], records=2)
        self.ledger.append("E e5 " + mrn_of("both") + " ARRIVAL")  # sent, never answered, never there
        for lrn, sent in (("held", "n"), ("stuck", "n?")):
            self.declare(lrn, sent, causes=[])
            self.notify(lrn, 0)
            self.records.append(Record(DEAD, lrn, headers=[judge.SPOILT]))
        self.records.append(Record(judge.ACCEPTED, "plain", headers=[judge.SPOILT]))
        self.declare("unanswered", "n?")
        self.send("n:unseen", None, attempts=3)
        self.send("b:dubious", None, attempts=1)
        self.reject("dubious")
        self.declare("other", "", submitter="fence")  # of others the ledger says nothing, and theirs is no status for this account
        self.reject("other", "fence")
        self.statuses[mrn_of("other", "fence")] = [(404, {"code": "mrn-unknown"})]

    # -- what happens --

    def send(self, what, answers, attempts=0):
        self.request += 1
        self.ledger.append(f"S {self.request} {what}")
        self.ledger += [f"T {self.request} 503"] * attempts
        if answers is not None:
            self.ledger.append(f"A {self.request} 202 {answers}")

    def declare(self, lrn, sent="n", records=1, causes=("ACCEPTANCE",), events=None, closed=None, submitter=judge.SUBMITTER):
        """`sent`: kind and flags of each request, ! with an error's code, ? without an answer."""
        for word in sent.split():
            flags, mrn = word[1:], mrn_of(lrn, submitter)
            self.send(f"{word[0]}:{lrn}", None if flags == "?" else f"{lrn}={flags}" if flags.startswith("!") else f"{lrn}={mrn}{flags}")
            if flags.startswith("!"):
                self.reject(lrn)
            if flags == ":P":
                records, closed = 2, "duplicate" if word[0] == "d" else "reused"
        for _ in range(records):
            for topic in (judge.ACCEPTED, *judge.BETWEEN):
                self.records.append(Record(topic, lrn, submitter))
        for version, cause in enumerate(causes, 1):
            event = events[version - 1] if events else None
            if event:
                self.ledger += [f"E {event} {mrn_of(lrn)} {cause}", f"F {event} accepted"]
            self.decide(lrn, version, cause, event, submitter)
        if closed:
            self.notify(lrn, 1, {"duplicate": "<StatementCode>duplicate</StatementCode>", "superseded": "<StatementCode>superseded</StatementCode>",
                                 "reused": "<ValidationCode>GL-LRN</ValidationCode>"}[closed])

    def decide(self, lrn, version, cause="ACCEPTANCE", event=None, submitter=judge.SUBMITTER, notified=True):
        key = key_of(lrn, submitter)
        decision = Record(judge.DECISIONS, lrn, submitter, version=version, sections={
            "declaration": {"declaration_id": key, "mrn": mrn_of(lrn, submitter), "functional_reference_id": lrn, "submitter": submitter},
            "decision": {"declaration_id": key, "version": version, "cause": cause, "causing_event_id": event, "lane": "GREEN", "outcome": "RELEASED"}})
        self.records.append(decision)
        self.audit(decision)
        if notified:
            self.notify(lrn, version, "<DMS/>", submitter)
        return decision

    def audit(self, decision):
        """In the partition's last block, or a new one after two."""
        block = next((b for b in reversed(self.blocks) if b.partition == decision.partition), None)
        if block is None or len(block.entries) == 2:
            block = Record(judge.AUDIT, decision.lrn, partition=decision.partition, entries=[], before={}, after={})
            self.blocks.append(block)
        block.entries.append(decision)

    def notify(self, lrn, version, payload="<DMS/>", submitter=judge.SUBMITTER):
        self.records.append(Record(judge.NOTIFICATIONS, lrn, submitter, version=version, sections={"notification": {
            "declaration_id": key_of(lrn, submitter), "mrn": mrn_of(lrn, submitter), "decision_version": version, "payload": payload}}))

    def reject(self, lrn, submitter=judge.SUBMITTER):
        self.records.append(Record(judge.REJECTED, lrn, submitter, sections={"rejection": {"submitter": submitter, "functional_reference_id": lrn}}))

    # -- for damages --

    def of(self, topic, lrn, version=None):
        return [r for r in self.records if (r.topic, r.lrn) == (topic, lrn) and version in (None, r.version)]

    def drop(self, topic, lrn, version=None):
        found = self.of(topic, lrn, version)
        assert found
        self.records = [r for r in self.records if r not in found]

    def undecide(self, lrn, version):
        """As if it was never decided: nothing on any topic says so."""
        decision, = self.of(judge.DECISIONS, lrn, version)
        self.drop(judge.DECISIONS, lrn, version)
        self.drop(judge.NOTIFICATIONS, lrn, version)
        for block in self.blocks:
            block.entries = [e for e in block.entries if e is not decision]

    def decision(self, lrn, version=1):
        """The sections of a decision, to be changed."""
        return self.of(judge.DECISIONS, lrn, version)[0].sections

    def notification(self, lrn):
        return self.of(judge.NOTIFICATIONS, lrn)[0]

    def tell(self, old, new):
        """Changes the ledger."""
        lines = [line.replace(old, new) for line in self.ledger]
        assert sum(a != b for a, b in zip(lines, self.ledger)) == 1, (old, self.ledger)
        self.ledger = lines

    def long_chain(self):
        """The blocks of a partition that has three at least."""
        return next(c for c in ([b for b in self.blocks if b.partition == p] for p in range(PARTITIONS)) if len(c) >= 3)

    # -- as the judge sees it --

    def messages(self):
        offsets, out = collections.Counter(), []

        def add(record, value):
            at = (record.topic, record.partition)
            out.append(Message(record, offsets[at], value))
            offsets[at] += 1

        for record in self.records:
            add(record, value_of(record.topic, record.sections) if record.sections else b"")
        heads = collections.defaultdict(lambda: (0, bytes(32)))
        for block in self.blocks:
            sequence, previous = heads[block.partition]
            fields = {"sequence": sequence + 1, "previous_hash": previous, "entries": [
                {"declaration_id": e.key, "version": e.version, "digest": hashlib.sha256(value_of(e.topic, e.sections)).digest()}
                for e in block.entries], **block.before}
            digest = hashlib.sha256(fields["previous_hash"] + struct.pack(">q", fields["sequence"]))
            for entry in fields["entries"]:
                digest.update(entry["declaration_id"] + struct.pack(">i", entry["version"]) + entry["digest"])
            fields.update({"hash": digest.digest(), **block.after})
            heads[block.partition] = (fields["sequence"], fields["hash"])
            add(block, value_of(judge.AUDIT, {"audit": fields}))
        return out

    def ask(self, mrn):
        """GET /v1/declarations/{mrn}"""
        self.asked[mrn] += 1
        if mrn in self.statuses:
            answers = self.statuses[mrn]
            return answers.pop(0) if len(answers) > 1 else answers[0]
        return self.view(mrn)

    def view(self, mrn, **changed):
        last = [r.sections["decision"] for r in self.records if r.topic == judge.DECISIONS and r.sections["declaration"]["mrn"] == mrn][-1]
        return 200, {"mrn": mrn, **{name: last[name] for name in ("version", "outcome", "lane")}, **changed}


class Consumer:
    """The client that oracle.py follows topics with, of a world."""

    def __init__(self, world):
        self.messages, self.unread = world.messages(), world.unread
        self.ends = collections.Counter((m.topic(), m.partition()) for m in self.messages)

    def list_topics(self, topic, timeout):
        return types.SimpleNamespace(topics={topic: types.SimpleNamespace(partitions=dict.fromkeys(range(PARTITIONS)))})

    def assign(self, partitions):
        pass

    def get_watermark_offsets(self, at, timeout):
        return 0, self.ends[(at.topic, at.partition)] + self.unread

    def consume(self, count, timeout):
        taken, self.messages = self.messages[:count], self.messages[count:]
        return taken


class Watched(judge.Oracle):
    """Notes from which line each violation comes."""

    def violate(self, kind, text):
        FIRED.add((sys._getframe(1).f_lineno, kind))
        super().violate(kind, text)


FIRED = set()


def judged(world):
    oracle = Watched()
    oracle.open(Consumer(world))
    oracle.read_to_end(NO_WAIT_S if world.unread else 60)
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as ledger:
        ledger.write("".join(line + "\n" for line in world.ledger))
        ledger.flush()
        oracle.judge(ledger.name, world.ask, world.patience_s)
    return oracle.report()


# ---- damages ----

DAMAGES = []


def gives(*kinds):
    """The kind that the damage is of, then those that follow from it."""
    def add(function):
        DAMAGES.append((function, kinds))
        return function
    return add


@gives("lost")
def declaration_is_never_decided(w):
    w.undecide("plain", 1)


@gives("lost")
def unanswered_declaration_is_accepted_and_never_decided(w):
    w.undecide("unanswered", 1)


@gives("lost")
def event_is_never_decided(w):
    w.undecide("eventful", 5)


@gives("lost")
def amendment_is_never_decided(w):
    w.undecide("amended", 3)


@gives("lost")
def technical_hold_has_no_dead_letter(w):
    w.drop(DEAD, "held")


@gives("lost")
def topic_is_not_readable_to_its_end(w):
    w.unread = 1


@gives("lost")
def accepted_record_is_neither_decided_nor_closed(w):
    w.records = [r for r in w.records if "duplicate</" not in r.sections.get("notification", {}).get("payload", "")]


@gives("lost", "notification", "audit")  # nothing else was dropped with it
def decision_is_dropped_from_its_topic(w):
    w.drop(judge.DECISIONS, "plain")


@gives("doubled")
def decision_is_made_again(w):
    decision, = w.of(judge.DECISIONS, "plain")
    w.records.append(copy.copy(decision))
    w.audit(w.records[-1])


@gives("doubled", "order")  # the second time is not where it was sent
def event_is_decided_again(w):
    w.decide("eventful", 6, "OVERRIDE", "e3")


@gives("doubled")
def amendment_is_taken_in_and_decided_again(w):
    w.records.append(Record(judge.ACCEPTED, "amended"))
    w.decide("amended", 4, "AMENDMENT")


@gives("order", "notification")  # which has the version's number, too
def version_is_left_out(w):
    w.of(judge.DECISIONS, "amended", 3)[0].version = 4
    w.decision("amended", 3 + 1)["decision"]["version"] = 4
    w.of(judge.NOTIFICATIONS, "amended", 3)[0].sections["notification"]["decision_version"] = 4


@gives("order")
def two_events_change_places(w):
    one, other = w.decision("eventful", 3)["decision"], w.decision("eventful", 4)["decision"]
    one["causing_event_id"], other["causing_event_id"] = "e2", "e1"


@gives("order")
def decision_is_in_another_partition(w):
    decision, = w.of(judge.DECISIONS, "plain")
    for block in w.blocks:
        block.entries = [e for e in block.entries if e is not decision]
    decision.partition = (decision.partition + 1) % PARTITIONS
    w.records.remove(decision)  # the last one there
    w.records.append(decision)
    w.audit(decision)


@gives("order")
def decision_has_the_declaration_of_another_key(w):
    w.decision("plain")["declaration"]["declaration_id"] = key_of("repeated")


@gives("order")
def decision_has_another_id_than_its_key(w):
    w.decision("plain")["decision"]["declaration_id"] = key_of("repeated")


@gives("order", "told")  # one MRN and then another
def decision_has_the_mrn_of_another_id(w):
    mrn = mrn_of("waiting")
    other = next(m for m in (mrn[:o.STEM.stop - 1] + c + mrn[o.STEM.stop:] for c in judge.ALPHABET)
                 if m != mrn and o.partition_of(m, PARTITIONS) == o.partition_of(mrn, PARTITIONS))
    w.decision("waiting", 2)["declaration"]["mrn"] = other


@gives("foreign")
def decision_is_forged(w):
    w.declare("forged", "")


@gives("foreign")
def refused_declaration_is_decided(w):
    w.declare("bad", "")


@gives("foreign")
def refused_declaration_has_an_accepted_record(w):
    w.declare("bad", "", causes=[])


@gives("foreign")
def event_that_nobody_sent_is_decided(w):
    w.decide("eventful", 6, "ARRIVAL", "ghost")


@gives("told")
def same_lrn_gets_another_mrn(w):
    at = next(i for i, line in enumerate(w.ledger) if " d:repeated" in line) + 1
    w.ledger[at] = w.ledger[at].replace(mrn_of("repeated"), GHOST)


@gives("told")
def sender_was_told_another_mrn_than_is_decided(w):
    w.tell(f"plain={mrn_of('plain')}", f"plain={GHOST}")


@gives("told")
def mrn_changes_between_decisions(w):
    w.decision("waiting", 2)["declaration"]["mrn"] = "25" + mrn_of("waiting")[2:]  # and back


@gives("told")
def bad_declaration_is_accepted(w):
    w.drop(judge.REJECTED, "bad")
    w.declare("bad", "")
    w.tell("bad=!missing", f"bad={mrn_of('bad')}")


@gives("told", "rejection")  # which is not there
def good_declaration_is_refused(w):
    at = next(i for i, line in enumerate(w.ledger) if " d:repeated" in line) + 1
    w.ledger[at] = w.ledger[at].replace(mrn_of("repeated"), "!missing")


@gives("told")
def other_content_is_accepted_without_a_doubt(w):
    at = next(i for i, line in enumerate(w.ledger) if " x:contested" in line) + 1
    w.ledger[at] = w.ledger[at].replace(":P", "")


@gives("told")
def answer_is_in_the_place_of_another(w):
    w.tell("plain=", "repeated=")


@gives("told")
def accepted_is_told_of_what_is_not_there(w):
    w.undecide("plain", 1)
    for topic in (judge.ACCEPTED, *judge.BETWEEN):
        w.drop(topic, "plain")


@gives("told", "notification")  # and the balance
def accepted_record_is_dropped(w):
    w.records = [r for r in w.records if r not in w.of(judge.ACCEPTED, "repeated")]


@gives("rejection")
def rejection_is_of_a_good_declaration(w):
    w.reject("plain")


@gives("rejection")
def rejection_is_dropped(w):
    w.drop(judge.REJECTED, "bad")


@gives("rejection")
def rejection_is_doubled(w):
    w.reject("bad")


@gives("notification")
def notification_is_dropped(w):
    w.drop(judge.NOTIFICATIONS, "plain")


@gives("notification")
def notification_is_doubled(w):
    w.records.append(w.notification("plain"))


@gives("notification")
def notification_has_the_key_of_another(w):
    w.notification("plain").key = key_of("repeated")


@gives("notification")
def duplicate_is_notified_that_nobody_sent(w):
    w.notify("plain", 1, "<StatementCode>duplicate</StatementCode>")


@gives("audit")
def block_does_not_follow_the_one_before(w):
    w.long_chain()[1].before["previous_hash"] = bytes([1]) * 32


@gives("audit")
def block_is_left_out_of_the_count(w):
    chain = w.long_chain()
    chain[-1].before["sequence"] = len(chain) + 1


@gives("audit")
def hash_is_not_that_of_the_block(w):
    w.long_chain()[-1].after["hash"] = bytes([1]) * 32


@gives("audit")
def entry_is_not_the_decision(w):
    block = w.long_chain()[0]
    block.entries[0] = w.of(judge.DECISIONS, next(r.lrn for r in w.records if r.topic == judge.DECISIONS and r.partition != block.partition))[0]


@gives("audit")
def entries_change_places(w):
    w.long_chain()[0].entries.reverse()


@gives("audit")
def last_block_is_dropped(w):
    w.blocks.remove(w.long_chain()[-1])


@gives("audit")
def entry_has_no_decision(w):
    block = w.long_chain()[-1]
    block.entries.append(block.entries[0])


@gives("dead-letter")
def dead_letter_is_of_no_fault(w):
    w.records.append(Record(DEAD, "plain", headers=[("gl.dlq.code", b"avro-truncated")]))


@gives("status")
def status_has_another_outcome(w):
    w.patience_s = NO_WAIT_S
    w.statuses[mrn_of("plain")] = [w.view(mrn_of("plain"), outcome="HELD")]


@gives("status")
def status_stays_behind(w):
    w.patience_s = NO_WAIT_S
    w.statuses[mrn_of("amended")] = [w.view(mrn_of("amended"), version=2)]


@gives("status")
def status_is_never_answered(w):
    w.patience_s = NO_WAIT_S
    w.statuses[mrn_of("plain")] = [(503, {"code": "view-rebuilding"})]


@gives("status")
def status_says_once_that_there_is_nothing(w):
    w.statuses[mrn_of("plain")] = [(404, {"code": "mrn-unknown"}), w.view(mrn_of("plain"))]


@gives("schema")
def value_has_a_byte_too_many(w):
    w.of(judge.REJECTED, "dubious")[0].damage = lambda value: value + b"\0"


@gives("schema")
def value_ends_early(w):
    w.of(judge.REJECTED, "dubious")[0].damage = lambda value: value[:-1]


@gives("schema")
def value_has_no_header(w):
    w.of(judge.REJECTED, "dubious")[0].damage = lambda value: b"\1" + value[1:]


@gives("schema", "lost", "notification", "audit")  # what cannot be read is not there
def decision_has_a_byte_too_many(w):
    w.of(judge.DECISIONS, "plain")[0].damage = lambda value: value + b"\0"


# ---- the test ----

def places():
    """{(first line, last line, kind)}: where oracle.py reports what."""
    with open(judge.__file__, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "violate"]
    return {(call.lineno, call.end_lineno, word.value) for call in calls for word in ast.walk(call.args[0])
            if isinstance(word, ast.Constant) and isinstance(word.value, str)}


def main():
    wrong = []
    clean = World()
    found = judged(clean)["violations"]
    if found:
        wrong.append(f"a world without damage: {found}")
    late = World()
    late.statuses[mrn_of("plain")] = [(503, {}), late.view(mrn_of("plain"), version=0, outcome="OPEN", lane=None), late.view(mrn_of("plain"))]
    late.statuses[mrn_of("unanswered")] = [(404, {}), late.view(mrn_of("unanswered"))]  # nobody was told that it is there
    found = judged(late)["violations"]
    if found or late.asked[mrn_of("plain")] != 3 or late.asked[mrn_of("unanswered")] != 2:
        wrong.append(f"views that are late: {found}, asked {late.asked[mrn_of('plain')]} and {late.asked[mrn_of('unanswered')]} times")
    for damage, kinds in DAMAGES:
        world = World()
        damage(world)
        report = judged(world)
        if set(report["violations"]) != set(kinds):
            wrong.append(f"{damage.__name__}: expected {sorted(kinds)}, found {report['violations']}: {report['examples']}")
    promised = re.findall(r"^  ([a-z-]+)  +\S", judge.__doc__, re.MULTILINE)
    if tuple(promised) != judge.KINDS:
        wrong.append(f"oracle.py names {promised} and has {judge.KINDS}")
    for kind in judge.KINDS:
        if kind not in {kinds[0] for _, kinds in DAMAGES}:
            wrong.append(f"{kind}: no damage is of this kind")
    for first, last, kind in sorted(places()):
        if kind not in judge.KINDS:
            wrong.append(f"oracle.py:{first}: {kind} is none of its kinds")
        elif not any(first <= line <= last and kind == fired for line, fired in FIRED):
            wrong.append(f"oracle.py:{first}: no damage makes it report {kind}")
    o.check(not wrong, "\n".join(wrong))
    print(f"{len(DAMAGES)} damages, {len(judge.KINDS)} kinds, {len(places())} places that report")


if __name__ == "__main__":
    main()
