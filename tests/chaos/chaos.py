#!/usr/bin/env python3
"""Faults while declarations flow; at the end nothing is lost, nothing is there twice, and nobody was told what is not true.

A run is a row of legs. Each has a stack of its own (one broker, or three), a driver that sends (driver.py), a judge that reads (oracle.py),
and a share of the faults (faults.py), one after the other: inject, lift, wait until everything that was sent before is decided, keep how
long that took. A leg that is done is kept in RUN/legs.jsonl, so that --resume goes on after it; every fault is a line of RUN/faults.jsonl.

usage: chaos.py [--seed N] [--faults N] [--minutes M] [--rate N] [--short] [--resume] [--only KIND[-TARGET]]...
"""
import argparse
import collections
import itertools
import json
import os
import queue
import random
import signal
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import books  # noqa: E402
import faults as f  # noqa: E402
import outside as o  # noqa: E402
import system as sut  # noqa: E402

RECOVERY_DEADLINE_S = 120
LEG_FAULTS = 60
CALM_S = 1.0  # the way through when this machine keeps up
LEFT_OUT_LIMIT = 0.1


class Part:
    """driver.py or oracle.py as a process: lines of JSON in and out."""

    def __init__(self, script, *arguments):
        self.name = script
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", sys.executable, os.path.join(HERE, script), *map(str, arguments)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        self.last = {}
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.last = json.loads(line)

    def tell(self, **words):
        self.process.stdin.write((json.dumps(words) + "\n").encode())
        self.process.stdin.flush()

    def check(self):
        o.check(self.process.poll() is None and not self.last.get("error"), f"{self.name}: {self.process.poll()} {self.last}")

    def wait(self, seconds):
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise SystemExit(f"FAILED: {self.name} did not end within {seconds} s") from None
        self.thread.join(5)
        o.check(code == 0, f"{self.name}: exit {code}: {self.last}")


class Probe:
    """Declarations of the account "fence", one in every partition at least: a partition keeps its order, so once they are decided,
    everything that was accepted before is decided too."""

    def __init__(self, system):
        self.system = system
        self.lines = collections.deque()
        self.decisions = o.Topic("gl.decisions", lambda message: None, quiet=True)

    def _line(self):
        if not self.lines:
            self.lines.extend(o.generate(2000))
        return self.lines.popleft()

    def send(self, results):
        """On a thread of its own: the MRNs, once they are accepted in every partition."""
        try:
            intake = o.Intake(account="fence", patience_s=RECOVERY_DEADLINE_S)
            seen, mrns = set(), []
            while len(seen) < len(self.decisions.partitions):
                status, answer = intake.post(b"\n".join(self._line() for _ in range(16)))
                o.check(status == 202, f"probe: {status} {str(answer)[:300]}")
                for result in answer["results"]:
                    bits = int(result["mrn"][o.STEM], 36)
                    if bits % len(self.decisions.partitions) not in seen:
                        seen.add(bits % len(self.decisions.partitions))
                        mrns.append(bits)
            results.put(mrns)
        except BaseException as error:
            results.put(error)

    def decided(self, deadline_s=RECOVERY_DEADLINE_S):
        """How long until new probes are accepted and decided; None: not within the deadline."""
        started, results, mrns = time.monotonic(), queue.Queue(), None
        threading.Thread(target=self.send, args=(results,), daemon=True).start()
        # decided may come before the answer does: everything read meanwhile is looked through once the MRNs are known
        recent = set()
        self.decisions.keep = lambda message: recent.add(int.from_bytes(message.key()[:8], "big") >> 2)  # keeps nothing: None
        while time.monotonic() - started < deadline_s:
            self.system.supervise()
            if self.decisions.error:
                raise self.decisions.error
            if mrns is None and not results.empty():
                mrns = results.get()
                if isinstance(mrns, BaseException):
                    print(f"  probe: {mrns}", flush=True)
                    break
            if mrns is not None and recent.issuperset(mrns):
                return time.monotonic() - started
            time.sleep(0.01)
        return None


class Leg:
    def __init__(self, args, number, brokers, cells):
        self.args, self.number, self.brokers, self.cells = args, number, brokers, cells
        self.rng = random.Random(f"{args.seed}/{number}")
        self.run = os.path.join(args.run, "leg")
        self.ledger = os.path.join(args.run, f"ledger-{number}.txt")
        self.rate = float(args.rate)
        self.left_out, self.done = [], []
        self.builds = []  # of other versions than the own one, which run meanwhile

    def log(self, **words):
        with open(os.path.join(self.args.run, "faults.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps({"leg": self.number, **words}) + "\n")

    def adapt(self, calm_s):
        """The calm way through says whether this machine keeps up; it is never asked for more than that."""
        if calm_s is None or calm_s > 4:
            self.rate = max(100.0, self.rate * 0.7)
        elif calm_s < CALM_S and self.rate < self.args.rate:
            self.rate = min(self.args.rate, self.rate * 1.15)
        self.driver.tell(rate=self.rate, intakes=self.system.intakes())

    def inject(self, cell):
        at = f.At(self.system, self.rng)
        entry = {"fault": cell[0].__name__.replace("_", "-"), "target": cell[1], "at": time.time(), "sent": self.driver.last.get("answered", 0)}
        if cell[0] in f.OF_NODES:
            self.system.whole()
        began = time.monotonic()
        try:
            at.what.update(cell[0](at, *cell[1:]))
        except f.NotHere as why:
            self.left_out.append([f.name_of(cell), str(why)])
            self.log(**entry, left_out=str(why))
            print(f"  left out: {f.name_of(cell)}: {why}", flush=True)
            return
        self.driver.tell(intakes=self.system.intakes())
        if self.probe.decided() is None:
            entry["recovery_s"] = None
            self.system.note(False, f"{f.name_of(cell)}: not everything sent before is decided after {RECOVERY_DEADLINE_S} s; "
                                    f"{self.system.where()}")
        else:
            entry["recovery_s"] = round(time.monotonic() - at.lifted_at, 3)
        entry["fault_s"] = round(at.lifted_at - began, 3)
        entry["decided"] = self.oracle.last.get("decisions", 0)
        for action in at.later:
            action()
        entry["what"] = at.what
        self.driver.tell(intakes=self.system.intakes())
        self.done.append(entry)
        self.log(**entry)
        print(f"  {len(self.done):3d}/{len(self.cells)} {f.name_of(cell):32s} held {entry['fault_s']:5.1f} s, recovered in "
              f"{entry['recovery_s'] if entry['recovery_s'] is None else format(entry['recovery_s'], '5.2f')} s; answered "
              f"{self.driver.last.get('answered', 0)}, decided {entry['decided']}  {json.dumps(entry['what'])}", flush=True)
        o.check(entry["recovery_s"] is not None, f"{f.name_of(cell)}: no recovery")

    def calm(self):
        """Every daemon is ready, and the way through is short again or the rate falls."""
        for daemon in list(self.system.daemons.values()):
            daemon.wait_ready(60)
        self.system.supervise()
        recovery_s = self.done[-1]["recovery_s"] if self.done else None
        self.adapt(recovery_s if recovery_s is not None and recovery_s < CALM_S else self.probe.decided())
        for part in (self.driver, self.oracle):
            part.check()
        time.sleep(self.rng.uniform(0.1, 0.8))  # faults do not come in step with anything

    def start(self):
        for name in os.listdir(self.run) if os.path.isdir(self.run) else []:
            if name.endswith(".log"):
                os.unlink(os.path.join(self.run, name))
        self.system = sut.System(self.run, self.brokers, 3000 if self.brokers == 3 else 0)
        self.system.up()
        self.oracle = Part("oracle.py", *self.builds)
        self.probe = Probe(self.system)
        o.check(self.probe.decided(60) is not None, "the way through before any fault")
        self.driver = Part("driver.py", "--ledger", self.ledger, "--seed", self.args.seed * 1000 + self.number, "--prefix", o.new_prefix(), "--rate",
                           self.rate, *self.system.intakes())
        o.wait_for(lambda: self.driver.last.get("answered", 0) > 500, "declarations flow", 30)

    def finish(self):
        self.calm()
        self.driver.tell(stop=True)
        self.driver.wait(120)
        answered = self.driver.last.get("answered", 0)
        if self.probe.decided() is None:
            self.system.note(False, "at the end: not everything is decided")
        report = os.path.join(self.args.run, f"report-{self.number}.json")
        if os.path.exists(report):
            os.unlink(report)
        self.oracle.tell(finish=self.ledger, report=report)
        self.oracle.wait(600)
        self.probe.decisions.close()
        with open(report, encoding="utf-8") as file:
            judged = json.load(file)
        if wrong := books.check(judged["counts"], time.time(), self.builds[-1] if self.builds else None):
            judged["violations"]["reconcile"], judged["examples"]["reconcile"] = len(wrong), wrong
        return answered, judged

    def play(self):
        if os.path.exists(self.ledger):
            os.unlink(self.ledger)
        began = time.monotonic()
        print(f"leg {self.number}: {'three brokers' if self.brokers == 3 else 'one broker'}, {len(self.cells)} faults", flush=True)
        try:
            self.start()
            flowing = time.monotonic()
            for cell in self.cells:
                self.inject(cell)
                self.calm()
                if time.monotonic() > self.args.until:
                    print("  time is up", flush=True)
                    break
            flowed = time.monotonic() - flowing
            answered, report = self.finish()
            if report["violations"] or self.system.findings or self.system.ended:
                self.system.keep_logs(os.path.join(self.args.run, f"logs-{self.number}"))
            if report["violations"]:
                self.system.keep(os.path.join(self.args.run, f"kept-{self.number}"))
        finally:
            for name in ("driver", "oracle"):
                part = getattr(self, name, None)
                if part is not None and part.process.poll() is None:
                    part.process.kill()
            self.system.down()
        result = {"leg": self.number, "brokers": self.brokers, "faults": self.done, "left_out": self.left_out, "answered": answered,
                  "rate": round(answered / flowed, 1), "seconds": round(time.monotonic() - began, 1), "report": report,
                  "findings": self.system.findings, "ended": self.system.ended}
        print(f"leg {self.number}: {len(self.done)} faults in {result['seconds']:.0f} s, {answered} answers ({result['rate']:.0f}/s), "
              f"violations {report['violations'] or 'none'}, findings {len(self.system.findings)}", flush=True)
        return result


def plan(args):
    """[(brokers, cells)], in an order that the seed decides."""
    rng = random.Random(f"plan {args.seed}")
    if args.only:
        cells = [c for c in dict.fromkeys(f.SINGLE + f.CLUSTER) if any(f.name_of(c) == w or f.name_of(c).startswith(w + "-") for w in args.only)]
        o.check(cells, f"no fault is named {args.only}")
        single = [c for c in cells if c in f.SINGLE and args.brokers in (None, 1)]
        cluster = [c for c in cells if c in f.CLUSTER and c not in single and args.brokers in (None, 3)]
    elif args.short:
        single, cluster = f.SHORT, []
    else:
        single, cluster = (f.SINGLE if args.brokers in (None, 1) else []), (f.CLUSTER if args.brokers in (None, 3) else [])
    share = len(cluster) / (len(cluster) + len(single))
    of_one, of_three = deck(rng, single, round(args.faults * (1 - share))), deck(rng, cluster, round(args.faults * share))
    legs = []
    if of_three:  # with faults of daemons between those of nodes: while one of the three comes back
        between = [of_one.pop() for _ in range(min(len(of_one) // 2, len(of_three)))]
        mixed = [cell for pair in itertools.zip_longest(of_three, between) for cell in pair if cell is not None]
        legs += [(3, part) for part in in_parts(mixed)]
    legs += [(1, part) for part in in_parts(of_one)]
    rng.shuffle(legs)
    return legs


def deck(rng, cells, count):
    """Every cell as often as any other."""
    cards = []
    while cells and len(cards) < count:
        part = list(cells)
        rng.shuffle(part)
        cards += part
    return cards[:count]


def in_parts(cells):
    size = -(-len(cells) // max(1, -(-len(cells) // LEG_FAULTS)))
    return [cells[i:i + size] for i in range(0, len(cells), size)] if cells else []


def limits():
    with open(os.path.join(HERE, "limits.json"), encoding="utf-8") as file:
        return json.load(file)


def summary(args, results):
    """Prints the report; True when everything held."""
    good = True
    totals, violations = collections.Counter(), collections.Counter()
    recoveries = collections.defaultdict(list)
    left_out = [one for r in results for one in r["left_out"]]
    planned = sum(len(cells) for _, cells in plan(args))
    points = collections.Counter()
    for r in results:
        totals.update(r["report"]["counts"])
        violations.update(r["report"]["violations"])
        for entry in r["faults"]:
            recoveries[entry["fault"]].append((entry["recovery_s"], entry["target"]))
            if entry["what"].get("landed"):
                points[entry["what"]["point"]] += 1
    count = sum(map(len, recoveries.values()))
    print(f"\nseed {args.seed}: {len(results)} legs, {count} faults, {sum(r['seconds'] for r in results):.0f} s, "
          f"{sum(r['answered'] for r in results)} answers; a second: {', '.join(format(r['rate'], '.0f') for r in results)} (wanted {args.rate:.0f})")
    for name, value in sorted(totals.items()):
        print(f"  {name:34s} {value:10d}")
    print(f"\n  {'fault':26s} {'count':>5s} {'median s':>9s} {'max s':>7s} {'limit s':>8s}  targets")
    bounds = limits()
    for kind, found in sorted(recoveries.items()):
        seconds = [s for s, _ in found]
        most, limit = max(seconds), bounds.get(kind, bounds["*"])
        targets = collections.Counter(t for _, t in found)
        print(f"  {kind:26s} {len(found):5d} {statistics.median(seconds):9.2f} {most:7.2f} {limit:8.1f}  "
              f"{' '.join(f'{t} {n}' for t, n in sorted(targets.items()))}{'   ABOVE THE LIMIT' if most > limit else ''}")
        good = good and most <= limit
    kills = sum(len(found) for kind, found in recoveries.items() if kind in ("kill", "kill-at-point", "kill-all"))
    if kills:
        print(f"  kills: {kills}, of them between two steps {sum(points.values())}: {dict(points)}")
    for r in results:
        for text in r["findings"]:
            print(f"  finding in leg {r['leg']}: {text}")
            good = False
        for name, code, line in r["ended"]:
            print(f"  ended by itself in leg {r['leg']}, and was started again: {name}, exit {code}: {line[:300]}")
        for kind, examples in r["report"]["examples"].items():
            print(f"  VIOLATION {kind}: {r['report']['violations'][kind]} in leg {r['leg']}, first:")
            for example in examples:
                print(f"    {example}")
    if left_out:
        print(f"  left out: {len(left_out)} of {planned}: {collections.Counter(why for _, why in left_out)}")
    if len(left_out) > LEFT_OUT_LIMIT * max(planned, 1):
        print("  more than a tenth was left out")
        good = False
    good = good and not violations
    print(f"\n{'PASSED' if good else 'FAILED'}: lost {violations['lost']}, doubled {violations['doubled']}, out of order {violations['order']}, "
          f"other violations {sum(violations.values()) - violations['lost'] - violations['doubled'] - violations['order']}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=int)
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--rate", type=float, default=1500, help="declarations a second; less when the machine does not keep up")
    parser.add_argument("--short", action="store_true", help="a dozen faults with one broker, under five minutes")
    parser.add_argument("--resume", action="store_true", help="keep the legs that are done")
    parser.add_argument("--brokers", type=int, choices=(1, 3), help="only legs with so many brokers")
    parser.add_argument("--only", action="append", help="only this kind of fault, or kind-target; may be repeated")
    args = parser.parse_args()
    args.faults = args.faults or (len(f.SHORT) if args.short else 300)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through every finally
    args.run = os.environ.get("GREENLANE_RUN") or os.path.join(o.ROOT, "run", "chaos")
    os.makedirs(args.run, exist_ok=True)
    args.until = time.monotonic() + args.minutes * 60
    kept_path = os.path.join(args.run, "legs.jsonl")
    head = {"seed": args.seed, "faults": args.faults, "short": args.short, "only": args.only, "brokers": args.brokers}
    results = []
    if args.resume and os.path.exists(kept_path):
        with open(kept_path, encoding="utf-8") as file:
            kept = [json.loads(line) for line in file]
        o.check(kept and kept[0] == head, f"--resume: {kept_path} is of another run: {kept[:1]}")
        results = kept[1:]
    else:
        for name in ("faults.jsonl", "legs.jsonl"):
            if os.path.exists(os.path.join(args.run, name)):
                os.unlink(os.path.join(args.run, name))
        with open(kept_path, "w", encoding="utf-8") as file:
            file.write(json.dumps(head) + "\n")
    for number, (brokers, cells) in enumerate(plan(args), 1):
        if any(r["leg"] == number for r in results):
            continue
        if time.monotonic() > args.until:
            print(f"time is up before leg {number}: --resume goes on")
            break
        results.append(Leg(args, number, brokers, cells).play())
        with open(kept_path, "a", encoding="utf-8") as file:
            file.write(json.dumps(results[-1]) + "\n")
    good = summary(args, results)
    done = sum(len(r["faults"]) + len(r["left_out"]) for r in results)
    if done < sum(len(cells) for _, cells in plan(args)):
        print(f"{done} of {args.faults} faults were done; --resume goes on")
        good = False
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
