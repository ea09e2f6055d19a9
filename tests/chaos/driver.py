"""The sender: keeps declarations flowing over HTTP and writes down what it sent and what it was told.

A process of its own. The ledger has a line for each request before it is sent and a line for each answer; lines are synced to disk in
groups, and only then is an answer believed: only believed declarations are repeated, amended, or the subject of events. What got no answer
(connection lost, 503) is sent again, the same bytes, until it has one. Commands come as JSON lines on standard input: {"rate": 800},
{"intakes": ["127.0.0.1:1234"]}, {"stop": true}; each second a JSON line says how far it is.

Ledger lines: S request kind:lrn...        kind n new, d repeated unchanged, x the LRN of another one, b bad, a amendment
              T request why                an attempt without an answer
              A request status lrn=what... what: MRN and flags (D duplicate, P pending, M amendment), or ! and the first error's code
              E event-id mrn type          an event is sent; F event-id status: its answer
              C seconds                    the clock, once a second
"""
import argparse
import collections
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import outside as o  # noqa: E402

LRN = slice(28, 47)  # of a generated line
ACCOUNT = "chaos"
RECENT = 4000
OFFICER = "customs"  # the account that may send any event
TOLD = 20  # stories told at once


class Ledger:
    def __init__(self, path):
        self.file = open(path, "ab", buffering=0)
        self.lock = threading.Lock()
        self.lines, self.after = [], []
        self.failed = None
        self.closing = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def sent(self, line):
        """On its way to the disk before the request is."""
        with self.lock:
            self._write()
            self.file.write(line.encode() + b"\n")

    def answered(self, line, believed):
        """believed() is called once the line is synced."""
        with self.lock:
            self.lines.append(line)
            self.after.append(believed)

    def _write(self):
        if self.lines:
            self.file.write(("\n".join(self.lines) + "\n").encode())
            self.lines = []

    def sync(self):
        with self.lock:
            self._write()
            after, self.after = self.after, []
        os.fsync(self.file.fileno())
        for believed in after:
            believed()

    def _run(self):
        try:
            while not self.closing:
                self.sync()
                time.sleep(0.02)
        except BaseException as error:
            self.failed = error

    def close(self):
        self.closing = True
        self.thread.join()
        self.sync()
        self.file.close()


class Lines:
    """New declarations, from the generator's pipe."""

    def __init__(self, seed, prefix):
        binary = os.path.join(os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build"), "bin", "greenlane")
        self.process = subprocess.Popen([binary, "generate", "--count", "1000000000", "--seed", str(seed), "--prefix", prefix, "--format", "ndjson"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=1 << 20)
        self.lock = threading.Lock()

    def take(self, count):
        with self.lock:
            return [self.process.stdout.readline().rstrip(b"\n") for _ in range(count)]


class Driver:
    def __init__(self, args):
        self.args = args
        self.ledger = Ledger(args.ledger)
        self.lines = Lines(args.seed, args.prefix)
        self.rng = random.Random(args.seed)
        self.lock = threading.Lock()
        self.recent = collections.deque(maxlen=RECENT)  # believed: (lrn, line, mrn)
        self.intakes = args.intakes
        self.rate = float(args.rate)
        self.next_at = time.monotonic()
        self.request = 0
        self.stopping = False
        self.counts = collections.Counter()
        self.error = None
        self.with_events = self.knows_events()
        self.stories = collections.deque()  # (steps left, number, lrn, line, mrn)
        self.story = 0

    def knows_events(self):
        """Has the service POST /v1/events?"""
        status, _ = self.post("/v1/events", b"[]", "application/json", 0, {"attempt": 0}, OFFICER)
        return status not in (404, 405)

    # ---- what is sent ----

    def spoil(self, line, rng):
        which = rng.randrange(3)
        if which == 0:
            return line.replace(b'"declaration_office_id":', b'"declaration_office_name":', 1)
        if which == 1:
            return line.replace(b'"goods_item_quantity":', b'"goods_item_quantity":"many","x":', 1)
        at = line.index(b'"origin_country_id":"') + 21
        return line[:at] + b"99" + line[at + 2:]

    def batch(self, rng):
        """[(kind, lrn, line)]"""
        fresh = self.lines.take(self.args.batch)
        out = []
        with self.lock:
            recent = [self.recent[rng.randrange(len(self.recent))] for _ in range(2)] if self.recent else []
        for line in fresh:
            draw = rng.random()
            if draw < self.args.bad:
                out.append(("b", line[LRN].decode(), self.spoil(line, rng)))
            else:
                out.append(("n", line[LRN].decode(), line))
        if len(recent) == 2 and rng.random() < self.args.repeated * self.args.batch:
            lrn, line, _ = recent[0]
            out.append(("d", lrn, line))
        if len(recent) == 2 and rng.random() < self.args.reused * self.args.batch:
            lrn, line, _ = recent[1]
            out.append(("x", lrn, line.replace(b'"description":"', b'"description":"other, ', 1)))
        return out

    def pace(self, count):
        while not self.stopping:
            with self.lock:
                now = time.monotonic()
                if self.next_at <= now:
                    # what could not be sent while nothing was taken is not sent in one burst afterwards
                    self.next_at = max(self.next_at, now - 1.0) + count / self.rate
                    return True
                wait = self.next_at - now
            time.sleep(min(wait, 0.1))
        return False

    # ---- sending ----

    def post(self, path, body, content_type, number, state, account=ACCOUNT):
        """(status, JSON), after as many attempts as it takes; None when stopped before."""
        gave_up = None  # when to: an answer is waited for also after the end, but not for ever
        while True:
            if gave_up is None and self.stopping:
                gave_up = time.monotonic() + 60
            if gave_up is not None and time.monotonic() > gave_up:
                return None
            try:
                if state.get("connection") is None:
                    target = self.intakes[(number + state["attempt"]) % len(self.intakes)]
                    host, port = target.split(":")
                    state["connection"] = http.client.HTTPConnection(host, int(port), timeout=20)
                    state["target"] = target
                connection = state["connection"]
                connection.request("POST", path, body, {"Content-Type": content_type, "Greenlane-Account": account})
                answer = connection.getresponse()
                payload = answer.read()
                if answer.status < 500:
                    if state["target"] not in self.intakes:
                        connection.close()
                        state["connection"] = None
                    return answer.status, json.loads(payload)
                why = f"{answer.status}"
                if state["target"] not in self.intakes:
                    raise OSError("not an intake any more")
            except (OSError, http.client.HTTPException, ValueError) as error:
                why = type(error).__name__
                if state.get("connection") is not None:
                    state["connection"].close()
                state["connection"] = None
                state["attempt"] += 1
            with self.lock:
                self.counts["retries"] += 1
            self.ledger.answered(f"T {number} {why}", lambda: None)
            time.sleep(0.1)

    def number(self):
        with self.lock:
            self.request += 1
            return self.request

    def send(self, batch, state, believed_too=None):
        number = self.number()
        self.ledger.sent(f"S {number} " + " ".join(f"{kind}:{lrn}" for kind, lrn, _ in batch))
        answer = self.post("/v1/declarations", b"\n".join(line for _, _, line in batch), "application/x-ndjson", number, state)
        if answer is None:
            return
        status, body = answer
        results = body.get("results")
        if results is None or len(results) != len(batch):
            raise RuntimeError(f"request {number}: {status} {str(body)[:500]}")
        words, believed = [], []
        for (kind, lrn, line), result in zip(batch, results):
            if result["status"] == "accepted":
                flags = ("D" if result.get("duplicate") else "") + ("P" if result.get("duplicate_check") == "pending" else "") + \
                    ("M" if result.get("amendment") else "")
                words.append(f"{result.get('lrn', '')}={result['mrn']}{':' + flags if flags else ''}")
                if kind == "n":
                    believed.append((lrn, line, result["mrn"]))
            else:
                words.append(f"{result.get('lrn', '')}=!{result['errors'][0]['code']}")
        def after():
            self.believe(believed, len(batch))
            if believed_too is not None:
                believed_too()

        self.ledger.answered(f"A {number} {status} " + " ".join(words), after)

    def believe(self, believed, answered):
        with self.lock:
            for one in believed:
                # One is either repeated or has a story: an amended one may not be repeated as it was.
                if self.with_events and self.rng.random() < self.args.events:
                    self.story += 1
                    self.stories.append((self.rng.randrange(1, 5), 1, *one))
                else:
                    self.recent.append(one)
            self.counts["accepted"] += len(believed)
            self.counts["answered"] += answered

    # ---- what happens to declarations afterwards ----

    def event(self, rng, number, lrn, last):
        kind, code, more = rng.choice([("ARRIVAL", "arrived", {}), ("SIGNAL", "weight", {"details": {"kg": "12"}}), ("DOCUMENT", "N380", {}),
                                       ("INSPECTION_RESULT", rng.choice(["A1", "A2", "B1"]), {}),
                                       ("OFFICER_ACTION", rng.choice(["release", "refuse", "hold"]), {"actor": "officer 7"}),
                                       ("OFFICER_ACTION", "reroute", {"actor": "officer 7", "details": {"lane": "RED"}})])
        if last and rng.random() < 0.1:
            kind, code, more = "CANCELLATION", "withdrawn", {}
        return {"event_id": f"{lrn}.{number}", "lrn": lrn, "family": "IMPORT", "submitter": ACCOUNT, "type": kind, "code": code,
                "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **more}

    def tell(self, rng, state):
        """One step of some stories: an event, or an amendment. A story's next step comes after this one's answer was believed."""
        with self.lock:
            told = [self.stories.popleft() for _ in range(min(TOLD, len(self.stories)))]
        amended = [one for one in told if rng.random() < 0.2]
        others = [one for one in told if one not in amended]
        if amended:
            changed = [one[3].replace(b'"function_code":"9"', b'"function_code":"4"', 1)
                       .replace(b'"description":"', b'"description":"version %d, ' % one[1], 1) for one in amended]
            self.send([("a", one[2], line) for one, line in zip(amended, changed)], state, lambda: self.told(amended))
        if others:
            events = [self.event(rng, one[1], one[2], one[0] == 1) for one in others]
            for event, one in zip(events, others):
                self.ledger.sent(f"E {event['event_id']} {one[4]} {event['type']}")
            answer = self.post("/v1/events", b"\n".join(json.dumps(e).encode() for e in events), "application/x-ndjson", 0, state, OFFICER)
            if answer is None:
                return
            status, body = answer
            results = body.get("results")
            if results is None or len(results) != len(events):
                raise RuntimeError(f"events: {status} {str(body)[:500]}")
            for event, result in zip(events, results):
                if result["status"] != "accepted":
                    raise RuntimeError(f"event {event}: {result}")
            self.ledger.answered("\n".join(f"F {event['event_id']} accepted" for event in events), lambda: self.told(others))

    def told(self, stories):
        with self.lock:
            self.counts["steps"] += len(stories)
            self.stories.extend((left - 1, number + 1, *rest) for left, number, *rest in stories if left > 1)

    def run_stories(self, seed):
        try:
            rng = random.Random(seed)
            state = {"attempt": 0}
            while not self.stopping:
                if self.stories:
                    self.tell(rng, state)
                else:
                    time.sleep(0.02)
        except BaseException as error:
            self.error = f"{type(error).__name__}: {error}"

    def run(self, seed):
        try:
            rng = random.Random(seed)
            state = {"attempt": 0}
            while self.pace(self.args.batch):
                self.send(self.batch(rng), state)
        except BaseException as error:
            self.error = f"{type(error).__name__}: {error}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--bad", type=float, default=0.01)
    parser.add_argument("--repeated", type=float, default=0.01)
    parser.add_argument("--reused", type=float, default=0.002)
    parser.add_argument("--events", type=float, default=0.05, help="share of declarations with one to four events or amendments")
    parser.add_argument("intakes", nargs="+")
    args = parser.parse_args()
    driver = Driver(args)
    threads = [threading.Thread(target=driver.run, args=(args.seed * 1000 + i,), daemon=True) for i in range(args.connections)]
    if driver.with_events:
        threads.append(threading.Thread(target=driver.run_stories, args=(args.seed * 1000 + 500,), daemon=True))
    for thread in threads:
        thread.start()

    def commands():
        for line in sys.stdin:
            wanted = json.loads(line)
            driver.rate = float(wanted.get("rate", driver.rate))
            driver.intakes = wanted.get("intakes", driver.intakes)
            driver.stopping = driver.stopping or wanted.get("stop", False)
        driver.stopping = True

    threading.Thread(target=commands, daemon=True).start()
    while any(t.is_alive() for t in threads):
        error = driver.error or driver.ledger.failed
        print(json.dumps({**driver.counts, "error": str(error) if error else None}), flush=True)
        driver.ledger.answered(f"C {time.time():.1f}", lambda: None)
        if error:
            os._exit(1)
        time.sleep(0.5)
    driver.ledger.close()
    print(json.dumps({**driver.counts, "error": driver.error, "ended": True}), flush=True)


if __name__ == "__main__":
    main()
