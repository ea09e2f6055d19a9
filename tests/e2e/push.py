#!/usr/bin/env python3
"""Outcomes are pushed: every one, in its order, to its account only, whatever happens meanwhile.

Streams (GET /v1/outcomes): a client that is cut off again and again and comes back with its last id, ingest killed (SIGKILL) under it, a reader that takes nothing
for a while, an account that others' outcomes are no business of, ids that are another's or made up. What was written to gl.notifications is what must have come.

Webhooks: a receiver that answers 500, then hangs, then takes one delivery and hangs again, while ingest is killed (SIGKILL); another account's, which is dead, meanwhile. A second instance comes and goes meanwhile. Every outcome arrives, in the order of its declaration, under a signature that the receiver can check, in deliveries whose id is the same in each attempt.

usage: push.py [--count 400]
"""
import argparse
import hashlib
import hmac
import http.client
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
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


# ---- webhooks ----

class Receiver:
    """Takes deliveries as its mood is: well (204), broken (500), hangs (no answer), once (takes one, then hangs)."""

    def __init__(self, secret):
        receiver = self
        self.secret, self.mood = secret.encode(), "broken"
        self.attempts, self.taken, self.changed = [], [], threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.take(self, body)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # the sender gave up, or was killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/outcomes"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def is_signed(self, header, body):
        parts = dict(part.split("=", 1) for part in header.split(","))
        wanted = hmac.new(self.secret, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted, parts["v1"]) and abs(time.time() - int(parts["t"])) < 60

    def take(self, handler, body):
        mood = self.mood
        self.attempts.append((mood, handler.headers["Greenlane-Delivery"], self.is_signed(handler.headers["Greenlane-Signature"], body), json.loads(body)))
        if mood == "once":
            self.mood = "hangs"
        if mood == "hangs":
            self.changed.wait(30)
            handler.close_connection = True
            return
        if mood != "broken":
            self.taken += json.loads(body)
        handler.send_response(500 if mood == "broken" else 204)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def is_now(self, mood):
        self.mood = mood
        self.changed.set()
        self.changed = threading.Event()
        return len(self.attempts)

    def wait_attempts(self, mood, count, after=0):
        o.wait_for(lambda: sum(a[0] == mood for a in self.attempts[after:]) >= count, f"{count} attempts while the receiver is {mood}", 30)


class Pusher:
    """An ingest of our own, whose accounts have webhooks."""

    def __init__(self, folder, accounts, secret):
        self.folder, self.secret = folder, secret
        with open(os.path.join(folder, "secret"), "w", encoding="ascii") as file:
            file.write(secret + "\n")
        with open(os.path.join(folder, "ingest.yaml"), "w", encoding="utf-8") as file:
            file.write(f"ingest: {{listen: 127.0.0.1:0, port_file: http, mappings: {o.ROOT}/config/mappings, http_account: {next(iter(accounts))}}}\n"
                       "push: {webhook_private: true, webhook_retry: 200ms, webhook_retry_limit: 1s, webhook_timeout: 1s}\nkafka: {session_timeout: 6s}\naccounts:\n")
            for name, (url, more) in accounts.items():
                file.write(f"  - {{name: {name}, webhook_url: '{url}', webhook_secret: '${{file:secret}}'{more}}}\n")
        self.command = [os.path.join(os.environ["GREENLANE_BUILD"], "bin", "greenlane-ingest"), "--config", os.path.join(folder, "ingest.yaml"), "--set",
                        f"stage.state_dir={folder}/state", "--set", f"stage.instance={os.path.basename(folder)}", "--set", "admin.listen=127.0.0.1:0", "--set",
                        f"admin.port_file={folder}/admin"]
        self.start()

    def start(self):
        for name in ("http", "admin"):
            if os.path.exists(os.path.join(self.folder, name)):
                os.remove(os.path.join(self.folder, name))
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *self.command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        o.wait_for(lambda: os.path.exists(os.path.join(self.folder, "http")) or self.process.poll() is not None, "the pusher listens", 60)
        o.check(self.process.poll() is None, f"the pusher ended with {self.process.returncode}: {self.said()[-1000:]}")

    def said(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as file:
            return file.read()

    def port(self, name):
        with open(os.path.join(self.folder, name), encoding="ascii") as file:
            return int(file.read())

    def metric(self, name, **labels):
        return o.metric_at(f"http://127.0.0.1:{self.port('admin')}", name, **labels)

    def submit(self, lines, account):
        connection = http.client.HTTPConnection("127.0.0.1", self.port("http"), timeout=60)
        connection.request("POST", "/v1/declarations", b"\n".join(lines), {"Content-Type": "application/x-ndjson", "Greenlane-Account": account})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        o.check(answer.status == 202, f"{answer.status} {str(body)[:300]}")
        return {r["lrn"] for r in body["results"]}

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(60)
        o.check(code == (0 if number == signal.SIGTERM else -number), f"the pusher ended with {code}")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)

    def check_secret(self):
        shown = subprocess.run([*self.command, "--print-config"], stdout=subprocess.PIPE, check=True).stdout.decode()
        o.check("webhook_secret: (secret)" in shown.replace('"', "") and self.secret not in shown, "the printed configuration")
        o.check(self.secret not in self.said(), "the log shows the secret")


def comes_and_goes(folder, accounts, secret, receiver):
    """A second instance takes partitions while the receiver is broken, and gives them back."""
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        second = Pusher(beside, accounts, secret)
        try:
            o.wait_for(lambda: second.metric("gl_webhook_requests_total", result="webhook-refused") > 1, "the second instance tries, too", 30)
            second.end()
        finally:
            second.kill()
    receiver.wait_attempts("broken", 2, len(receiver.attempts))


def webhooks(count, told, folder):
    secret = hashlib.sha256(os.urandom(20)).hexdigest()
    receiver, account, dead = Receiver(secret), "hook-" + o.new_prefix(), f"http://127.0.0.1:{o.free_ports(1)[0]}/"
    accounts = {account: (receiver.url, ""), "customs": (dead, ", officer: true")}
    pusher = Pusher(folder, accounts, secret)
    try:
        lines, amendments = several(count)
        lrns = pusher.submit(lines, account)
        amended = pusher.submit(amendments, account)
        receiver.wait_attempts("broken", 3)
        o.wait_for(lambda: pusher.metric("gl_webhooks_failing") == 2 and pusher.metric("gl_webhook_oldest_seconds") > 0, "both webhooks are said to fail")
        comes_and_goes(folder, accounts, secret, receiver)
        at = receiver.is_now("hangs")
        receiver.wait_attempts("hangs", 2, at)
        o.check(len({a[1] for a in receiver.attempts if a[0] != "broken"}) == 1, "the id of a delivery is the same in each attempt")
        at = receiver.is_now("once")
        receiver.wait_attempts("hangs", 1, at)
        pusher.end(signal.SIGKILL)
        before = len(receiver.taken)
        o.check(0 < before <= 100, f"{before} outcomes were taken before ingest was killed")
        receiver.is_now("well")
        pusher.start()
        told.wait(lambda kept: lrns <= {w["lrn"] for w in kept} and amended <= {w["lrn"] for w in kept if w["version"] == 2}, "outcomes of all")
        o.wait_for(lambda: lrns <= {e["lrn"] for e in receiver.taken} and amended <= {e["lrn"] for e in receiver.taken if e.get("version") == 2}, "all were brought", 40)
        repeated = check_same("the webhook", receiver.taken, told.kept, lrns)
        o.check({e["lrn"] for e in receiver.taken} == lrns, "another account's outcome was brought")
        o.check(all(e.keys() <= MEMBERS for e in receiver.taken), "an outcome says more than it may")
        o.check(all(a[2] for a in receiver.attempts), "a signature does not fit")
        o.check(all(len(a[3]) <= 100 for a in receiver.attempts), "a delivery is too large")
        o.wait_for(lambda: pusher.metric("gl_webhooks_failing") == 1, "one webhook fails", 20)
        o.check(pusher.metric("gl_webhook_requests_total", result="webhook-unreachable") > 0, "the dead webhook's attempts are counted")
        pusher.check_secret()
        pusher.end()
        print(f"{len(lrns)} declarations, {len(amended)} of them amended: every outcome was brought, {before} of them before ingest was killed, {repeated} twice, in "
              f"{len(receiver.attempts)} attempts; the dead webhook of another account held up nothing")
    finally:
        pusher.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=400)
    args = parser.parse_args()
    o.need_stack()
    with o.Topic("gl.notifications", written) as told:
        streams(args.count, told)
        with tempfile.TemporaryDirectory() as folder:
            webhooks(args.count // 2, told, folder)
    o.assert_all_run()


if __name__ == "__main__":
    main()
