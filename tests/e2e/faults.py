#!/usr/bin/env python3
"""Kills while declarations flow: each accepted declaration is decided exactly once, whatever dies.

Each daemon is killed with SIGKILL and started again, Redis is flushed, stopped (for a sixth of the time) and started, decide loses its state while
Redis is away, all four daemons are killed at once, while declarations are sent at a steady rate by a sender that tries again what got no answer.
Then an outside read_committed client counts.

usage: faults.py [--count 5000] [--seconds 70]
"""
import argparse
import os
import shutil
import socket
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402

BATCH = 50


def redis_command(*words):
    address = urllib.parse.urlsplit(os.environ["REDIS_URL"])
    with socket.create_connection((address.hostname, address.port), 5) as link:
        link.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in (x.encode() for x in words)))
        return link.recv(200)


def restart(*names):
    for name in names:
        o.stack("kill", name)
    for name in names:
        o.stack("start", name)


def restart_without_state(name):
    o.stack("kill", name)
    shutil.rmtree(os.path.join(os.environ["GREENLANE_RUN"], "state", name))
    o.stack("start", name)


def flush():
    reply = redis_command("FLUSHALL")
    o.check(reply == b"+OK\r\n", f"FLUSHALL: {reply}")


# Done when this share of the declarations has been sent, in this order.
PLAN = [
    (0.08, "kill classify", lambda: restart("classify")),
    (0.16, "kill risk", lambda: restart("risk")),
    (0.24, "kill decide", lambda: restart("decide")),
    (0.32, "kill ingest", lambda: restart("ingest")),
    (0.42, "flush Redis", flush),
    (0.50, "stop Redis", lambda: o.stack("stop", "redis")),
    (0.53, "send some again without Redis", None),
    (0.56, "kill decide and remove its state, without Redis", lambda: restart_without_state("decide")),
    (0.66, "start Redis", lambda: o.stack("start", "redis")),
    (0.74, "kill decide and classify", lambda: restart("decide", "classify")),
    (0.84, "kill all four", lambda: restart(*o.STAGES)),
]


def send_again(lines, answers):
    """What was accepted before gets its first MRN again, also when nothing can be looked up; decide must close it as a duplicate."""
    for at in range(0, 10 * BATCH, BATCH):
        status, answer = o.Intake(patience_s=60).post(b"\n".join(lines[at:at + BATCH]))
        o.check(status == 202, f"sent again: {status} {str(answer)[:300]}")
        for result in answer["results"]:
            o.check(result["mrn"] == answers[result["lrn"]]["mrn"], f"another MRN for what was sent again: {result}")


def ask_again(answers):
    """Nobody is told that there is nothing: the status, or that it cannot be told now."""
    intake = o.Intake()
    for result in list(answers.values())[:20]:
        status, view = intake.status(result["mrn"])
        o.check(status == 503 or (status == 200 and view["mrn"] == result["mrn"]), f"status of {result['mrn']} without Redis: {status} {view}")


class Sender(threading.Thread):
    """Sends at a steady rate, oldest first; what got no answer is sent again until it has one."""

    def __init__(self, lines, rate):
        super().__init__(daemon=True)
        self.lines, self.rate = lines, rate
        self.sent, self.answers, self.retries, self.error = 0, {}, 0, None

    def run(self):
        try:
            intake = o.Intake(patience_s=90)
            started = time.monotonic()
            for at in range(0, len(self.lines), BATCH):
                due = started + at / self.rate
                time.sleep(max(0.0, due - time.monotonic()))
                status, answer = intake.post(b"\n".join(self.lines[at:at + BATCH]))
                o.check(status == 202, f"batch at {at}: {status} {str(answer)[:500]}")
                for result in answer["results"]:
                    o.check(result["status"] == "accepted", f"refused: {result}")
                    self.answers[result["lrn"]] = result
                self.sent = at + BATCH
            self.retries = intake.retries
        except BaseException as error:
            self.error = error


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=70, help="how long the sending takes without faults")
    args = parser.parse_args()
    o.need_stack()
    lines = o.generate(args.count)
    o.check(len(lines) == args.count, f"{len(lines)} declarations were generated")

    with o.Topic("gl.decisions", o.decision_of) as decisions, o.Topic("gl.declarations.accepted", lambda m: m.key()) as records:
        sender = Sender(lines, args.count / args.seconds)
        sender.start()
        for share, name, action in PLAN:
            o.wait_for(lambda s=share: sender.error or sender.sent >= s * args.count, f"sending before: {name}", 180)
            if sender.error:
                raise sender.error
            print(f"{sender.sent:7d} sent, {len(decisions.kept):7d} decided: {name}", flush=True)
            if action:
                action()
            else:
                send_again(lines, sender.answers)
                ask_again(sender.answers)
        sender.join(300)
        if sender.error:
            raise sender.error
        o.check(not sender.is_alive(), "the sender did not finish in time")
        accepted = {r["mrn"] for r in sender.answers.values()}
        o.check(len(accepted) == args.count, f"{len(accepted)} MRNs for {args.count} declarations")
        decisions.wait(lambda kept: len({d["mrn"] for d in kept} & accepted) == len(accepted) if len(kept) >= len(accepted) else False,
                       f"decisions for {len(accepted)}", 120)
        o.flush_pipeline(decisions)
        o.assert_once(decisions.kept, accepted)
        duplicates = len(records.kept) - len(set(records.kept))
        o.check(duplicates >= BATCH, "no duplicate came to decide: nothing was proven about them")
        o.assert_all_run()

        # The views come back: every status asked for is the decided one.
        intake = o.Intake(patience_s=60)
        for mrn in sorted(accepted)[:: max(1, len(accepted) // 50)]:
            status, view = intake.status(mrn)
            o.check(status == 200 and view["mrn"] == mrn, f"status of {mrn}: {status} {view}")
        print(f"{len(accepted)} accepted, {len(accepted)} decided, each once; {sender.retries} requests got no answer and were sent again, "
              f"{duplicates} duplicates were closed by decide")


if __name__ == "__main__":
    main()
