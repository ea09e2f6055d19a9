#!/usr/bin/env python3
"""Outcomes are pushed: every one, in its order, to its account only, whatever happens meanwhile.

Streams (GET /v1/outcomes): a client that is cut off again and again and comes back with its last id, ingest killed (SIGKILL) under it, a reader that takes nothing
for a while, an account that others' outcomes are no business of, ids that are another's or made up. What was written to gl.notifications is what must have come.

usage: push.py [--count 400]
"""
import argparse
import http.client
import json
import os
import socket
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402

MEMBERS = {"id", "mrn", "lrn", "declaration_id", "version", "message_name", "function_code", "issued_at", "outcome"}


def written(message):
    """What was told on gl.notifications, as the push must tell it."""
    record = o.decode("gl.notifications", message.value())["notification"]
    return {"submitter": record["submitter"], "declaration_id": record["declaration_id"].hex(), "version": record["decision_version"],
            "mrn": record["mrn"], "lrn": record["functional_reference_id"], "message_name": record["message_name"],
            "partition": message.partition(), "offset": message.offset()}


def same(record):
    return record["declaration_id"], record.get("version", 0), record.get("mrn", ""), record.get("lrn", ""), record["message_name"]


class Stream(threading.Thread):
    """Server-sent events as HTML's standard has them: blocks, of which only one with data is an event; the id of any counts."""

    def __init__(self, account, last_id=None, take=True):
        super().__init__(daemon=True)
        self.address = urllib.parse.urlsplit(os.environ["INGEST_URL"])
        self.account, self.last_id = account, last_id
        self.events, self.beats, self.status, self.answer = [], 0, None, b""
        self.may_take = threading.Event()
        if take:
            self.may_take.set()
        self.connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=60)
        self.start()

    def run(self):
        try:
            self.connection.connect()
            self.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            headers = {"Accept": "text/event-stream", "Greenlane-Account": self.account}
            if self.last_id is not None:
                headers["Last-Event-ID"] = self.last_id
            self.connection.request("GET", "/v1/outcomes", headers=headers)
            answer = self.connection.getresponse()
            if answer.status != 200:
                self.answer = answer.read()
            self.status = answer.status
            if self.status == 200:
                self.read(answer)
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass  # it was cut, or ingest was killed
        self.status = self.status or 0

    def read(self, answer):
        block = {}
        while True:
            self.may_take.wait()
            line = answer.readline().decode()
            if not line:
                return  # the body ended
            line = line.rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                self.beats += name == ""
                block[name] = value
                continue
            if "id" in block:
                self.last_id = block["id"]
            if "data" in block:
                event = json.loads(block["data"])
                o.check(block["event"] == event["message_name"], f"event {block}")
                self.events.append(event)
            block = {}

    def is_open(self):
        return self.status == 200 and self.last_id is not None

    def wait_open(self):
        o.wait_for(lambda: self.is_open() or self.status not in (None, 200), f"a stream of {self.account}", 20)
        o.check(self.is_open(), f"a stream of {self.account}: {self.status} {self.answer[:300]}")
        return self

    def cut(self):
        """As a client that dies: what it got counts, and where it stood."""
        try:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
        self.join(20)
        return self.events, self.last_id


def submit(lines, account="default"):
    status, answer = o.Intake(account=account, patience_s=60).post(b"\n".join(lines))
    o.check(status == 202, f"{status} {str(answer)[:300]}")
    return {r["lrn"] for r in answer["results"]}


def check_same(what, got, wanted, lrns):
    """Each outcome of `lrns` came, at least once, those of a declaration in their order; nothing else is of them."""
    first, seen = [], set()
    for event in got:
        if event.get("lrn") in lrns and event["id"] not in seen:
            seen.add(event["id"])
            first.append(event)
    expected = [w for w in wanted if w["lrn"] in lrns]
    o.check(sorted(map(same, first)) == sorted(map(same, expected)), f"{what}: {len(first)} came, {len(expected)} were written")
    for lrn in lrns:
        o.check([same(e) for e in first if e["lrn"] == lrn] == [same(w) for w in sorted(expected, key=lambda w: w["offset"]) if w["lrn"] == lrn],
                f"{what}: the order of {lrn}")
    return len(got) - len(first)


def several(count):
    """Originals, and amendments of some: more than one outcome for these."""
    lines = o.generate(count)
    again = [line.replace(b'"function_code":"9"', b'"function_code":"4"', 1).replace(b'"description":"', b'"description":"new, ', 1) for line in lines[::10]]
    return lines, again


def answered(account, last_id=None, wanted=200, take=True):
    """A stream that has its answer. One that was cut off counts until that is noticed: 429 is waited out."""
    end = time.monotonic() + 20
    while True:
        stream = Stream(account, last_id, take)
        o.wait_for(lambda: stream.is_open() or stream.status not in (None, 200) or (stream.status and not take), "an answer", 20)
        if stream.status != 429 or stream.status == wanted or time.monotonic() > end:
            return stream
        time.sleep(0.1)


def reopened(account, last_id):
    """A client's patience: ingest may be away, or still ask its brokers."""
    end = time.monotonic() + 60
    while True:
        stream = answered(account, last_id, 200)
        if stream.is_open():
            return stream
        o.check(stream.status in (0, 503) and time.monotonic() < end, f"reopening: {stream.status} {stream.answer[:300]}")
        time.sleep(0.1)


def refused(what, account, last_id, status, code):
    stream = answered(account, last_id, status)
    o.check(stream.status == status and code in stream.answer.decode(), f"{what}: {stream.status} {stream.answer[:300]}")


def check_ids(own):
    refused("another's id", "kcs", own, 400, "event-id-invalid")
    refused("an id that was made up", "default", "AQ" + "A" * 30, 400, "event-id-invalid")
    refused("an id that was changed", "default", own[:-1] + ("A" if own[-1] != "A" else "Q"), 400, "event-id-invalid")
    refused("a text", "default", "1", 400, "event-id-invalid")
    open_ones = [answered("rehearsal").wait_open() for _ in range(4)]
    refused("a stream too many", "rehearsal", None, 429, "too-many-streams")
    for one in open_ones:
        one.cut()


def streams(count, told):
    """A whole reader, an officer, another account, one that takes nothing, and one that is cut off, while ingest is killed."""
    stay, customs, other = (answered(account).wait_open() for account in ("default", "customs", "kcs"))
    slow = answered("default", take=False)
    o.check(slow.status == 200, f"the slow stream: {slow.status}")
    cut_off, got, repeated = answered("default").wait_open(), [], 0
    lines, amendments = several(count)
    lrns = set()
    for at in range(0, count, count // 8):
        lrns |= submit(lines[at:at + count // 8])
        events, last = cut_off.cut()
        got += events
        cut_off = reopened("default", last)
    told.wait(lambda kept: lrns <= {w["lrn"] for w in kept}, "outcomes of all")
    o.wait_for(lambda: lrns <= {e["lrn"] for e in stay.events}, "events of all for who stays", 30)
    check_same("who stays", stay.events, told.kept, lrns)
    check_ids(stay.last_id)
    events, last = cut_off.cut()
    got += events
    submit(amendments)
    o.stack("kill", "ingest")
    stay.join(20)
    slow.may_take.set()
    o.stack("start", "ingest")
    amended = {json.loads(line)["functional_reference_id"] for line in amendments}
    told.wait(lambda kept: amended <= {w["lrn"] for w in kept if w["version"] == 2}, "second outcomes")
    resumed = [reopened("default", last), reopened("default", stay.last_id)]
    slow.join(20)
    resumed.append(reopened("default", slow.last_id))
    for stream, before in zip(resumed, (got, stay.events, slow.events)):
        o.wait_for(lambda: amended <= {e["lrn"] for e in before + stream.events if e.get("version") == 2}, "events after ingest was killed", 30)
        repeated += check_same("who came back", before + stream.events, told.kept, lrns)
        stream.cut()
    o.check(all(e.keys() <= MEMBERS for e in got + stay.events), "an event says more than it may")
    o.check(not other.events, f"another account sees {other.events[:1]}")
    o.check(lrns <= {e["lrn"] for e in customs.events} and all("submitter" in e for e in customs.events), "the officer sees all, and whose they are")
    print(f"{len(lrns)} declarations, {len(amended)} of them amended: every outcome came to a client that was cut off 9 times, to one that read nothing until ingest was killed, "
          f"and to one that stayed; {repeated} came twice; another account saw none")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=400)
    args = parser.parse_args()
    o.need_stack()
    with o.Topic("gl.notifications", written) as told:
        streams(args.count, told)
    o.assert_all_run()


if __name__ == "__main__":
    main()
