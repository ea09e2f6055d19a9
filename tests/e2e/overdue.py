#!/usr/bin/env python3
"""No silence: what waits too long is said, once, by decide and by the sweeper.

A hold whose time limit passes is decided overdue, exactly once, and `greenlane reconcile --overdue` lists it. While decide is away the sweeper lists
what is accepted and undecided, and nothing any more when decide is back. An event whose declaration never comes goes to the dead letters as
orphaned, once, at its deadline, also when the deadline passes while two instances of decide share the partitions.

usage: overdue.py [--count 20]
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402

PARKED = 6
HOLD_S = 4
WATCHED = "KP"  # of config/lists/watch-countries.yaml


def instant(seconds_from_now):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds_from_now))


def decided(message):
    decision = o.decode("gl.decisions", message.value())["decision"]
    return {**o.decision_of(message), "event": decision["causing_event_id"], "at": decision["decided_at"].timestamp()}


def code_of(message):
    headers = dict(message.headers() or [])
    return message.key(), headers["gl.dlq.code"].decode(), headers["gl.dlq.message"].decode()


def from_watched_country(line):
    one = json.loads(line)
    for item in one["items"]:
        item["origin_country_id"] = WATCHED
    return json.dumps(one).encode()


def submit(count, change=lambda line: line):
    """{lrn: mrn} of new declarations."""
    lines = [change(line) for line in o.generate(count)]
    status, answer = o.Intake(patience_s=60).post(b"\n".join(lines))
    o.check(status == 202, f"{status} {str(answer)[:300]}")
    return {r["lrn"]: r["mrn"] for r in answer["results"]}


def send_events(events):
    status, answer = o.Intake(account="customs", patience_s=60).call("POST", "/v1/events", b"\n".join(json.dumps(e).encode() for e in events),
                                                                     "application/x-ndjson")
    o.check(status == 202 and all(r["status"] == "accepted" for r in answer["results"]), f"events: {status} {str(answer)[:500]}")


def event(lrn, kind, **more):
    return {"event_id": f"{lrn}.{kind}", "lrn": lrn, "family": "IMPORT", "submitter": "default", "type": kind, "occurred_at": instant(0), **more}


def overdue(seconds):
    """{mrn: why} as the sweeper says; the exit code is 1 when there is any."""
    report = json.loads(o.greenlane("reconcile", "--json", "--overdue", seconds, fine=(0, 1)))
    return {one["mrn"]: one["why"] for one in report["overdue"]}


def held(decisions, count):
    """{lrn: mrn} of `count` declarations that are held: an officer's hold after a release changes nothing."""
    mrns = submit(count, from_watched_country)
    decisions.wait(lambda kept: set(mrns.values()) <= {d["mrn"] for d in kept}, "decided")
    free = [d["mrn"] for d in decisions.kept if d["mrn"] in mrns.values() and d["outcome"] != "HELD"]
    o.check(not free, f"{len(free)} of {count} declarations from a watched country are not held")
    return mrns


def holds_pass_their_limit(decisions, count):
    mrns = held(decisions, count)
    limit = time.time() + HOLD_S
    send_events([event(lrn, "OFFICER_ACTION", code="hold", actor="officer 7", details={"until": instant(HOLD_S)}) for lrn in mrns])
    wanted = set(mrns.values())
    decisions.wait(lambda kept: wanted <= {d["mrn"] for d in kept if d["cause"] == "TIMER"}, "each hold is decided overdue")
    o.flush_pipeline(decisions)
    for mrn in wanted:
        found = [(d["version"], d["cause"]) for d in decisions.kept if d["mrn"] == mrn]
        o.check(found == [(1, "ACCEPTANCE"), (2, "OVERRIDE"), (3, "TIMER")], f"{mrn}: {found}")
        late = [d["at"] for d in decisions.kept if d["mrn"] == mrn and d["cause"] == "TIMER"][0] - limit
        o.check(-1.1 < late < 30, f"{mrn}: decided overdue {late:.1f} s after its limit")
    listed = overdue(3600)
    o.check(all(listed.get(mrn) == "hold-overdue" for mrn in wanted), f"the sweeper lists {sum(m in listed for m in wanted)} of {len(wanted)} holds")
    print(f"{len(wanted)} holds were decided overdue, once each, and are listed")


def start_decide(folder, number):
    """An instance of our own, with a short deadline for parked events; beside or in place of the stack's."""
    port = os.path.join(folder, f"port-{number}")
    command = [os.path.join(os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build"), "bin", "greenlane-decide"), "--config",
               os.path.join(o.ROOT, "config", "decide.yaml"), "--set", "decide.parking_deadline=6s", "--set", f"stage.state_dir={folder}/state",
               "--set", f"admin.port_file={port}"]
    with open(os.path.join(folder, f"decide-{number}.log"), "wb") as log:
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log), port


def owns(port):
    try:
        with open(port, encoding="ascii") as file:
            number = int(file.read())
        with urllib.request.urlopen(f"http://127.0.0.1:{number}/metrics", timeout=3) as answer:
            return 'gl_assigned_partitions{worker="0"} 0' not in answer.read().decode() and ready(number)
    except (OSError, ValueError):
        return False


def ready(number):
    with urllib.request.urlopen(f"http://127.0.0.1:{number}/readyz", timeout=3) as answer:
        return answer.status == 200


def end(process):
    process.send_signal(signal.SIGTERM)
    code = process.wait(40)
    o.check(code == 0, f"decide ended with {code} after SIGTERM")


def decide_is_away(decisions, count, folder):
    o.stack("stop", "decide")
    mrns = submit(count)
    wanted = set(mrns.values())
    o.wait_for(lambda: wanted <= {mrn for mrn, why in overdue(2).items() if why == "undecided"}, "the sweeper lists what is undecided", 40, 0.5)
    lost = [f"{o.new_prefix()}NEVER{i}" for i in range(PARKED)]
    with o.Topic("gl.decide.dlq", code_of) as letters:
        send_events([event(lrn, "ARRIVAL", code="arrived") for lrn in lost])
        first, port = start_decide(folder, 1)
        o.wait_for(lambda: owns(port), "decide is ready", 60)
        second, other_port = start_decide(folder, 2)
        decisions.wait(lambda kept: wanted <= {d["mrn"] for d in kept}, "decided when decide is back")
        o.wait_for(lambda: owns(other_port), "a second decide has partitions", 60)
        letters.wait(lambda kept: len({key for key, code, _ in kept if code == "event-orphaned"}) >= PARKED, "the orphaned events")
        o.flush_pipeline(decisions)
        found = [key for key, code, _ in letters.kept if code == "event-orphaned"]
        o.check(len(found) == PARKED and len(set(found)) == PARKED, f"{len(found)} dead letters for {PARKED} events")
        o.check(all("no declaration came" in text for _, code, text in letters.kept if code == "event-orphaned"), "they say why")
        end(first)
        end(second)
    o.stack("start", "decide")
    o.flush_pipeline(decisions)
    late = wanted & {mrn for mrn, why in overdue(1).items() if why == "undecided"}
    o.check(not late, f"{len(late)} decided declarations are listed as undecided")
    o.assert_once([d for d in decisions.kept if d["mrn"] in wanted], wanted)
    print(f"{count} were listed while decide was away, and decided once when it was back; {PARKED} events were orphaned at their deadline, once each")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20)
    args = parser.parse_args()
    o.need_stack()
    with o.Topic("gl.decisions", decided) as decisions, tempfile.TemporaryDirectory() as folder:
        holds_pass_their_limit(decisions, args.count)
        decide_is_away(decisions, args.count, folder)
        o.assert_all_run()


if __name__ == "__main__":
    main()
