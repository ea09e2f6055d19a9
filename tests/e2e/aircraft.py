#!/usr/bin/env python3
"""An aircraft's 100,000 parcels, with the rest of the pipeline running: how long until the last one is accepted, and what ingest needs for it.

Once over HTTP (NDJSON in parts, by `greenlane submit`), once as one CSV manifest in a watched directory. Then both are decided.

usage: aircraft.py [--count 100000] [--seconds 20] [--memory-mib 384]
  --seconds      more until the last is accepted is a failure, either way
  --memory-mib   more resident memory of ingest is one
"""
import argparse
import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import outside as o  # noqa: E402


def forget_peak(pid):
    """The kernel counts the highest resident memory anew."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def peak_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def generated(args, form, folder):
    path = os.path.join(folder, "aircraft." + ("csv" if form == "parcels" else form))
    o.greenlane("generate", "--format", form, "--count", args.count, "--seed", time.time_ns() % 1_000_000_007, "--prefix", o.new_prefix(), "--high-value", "0",
                "--output", path)
    return path


def over_http(args, folder):
    path = generated(args, "ndjson", folder)
    size, started = os.path.getsize(path), time.monotonic()
    answers = o.json_lines(o.greenlane("submit", "--json", path))
    return size, time.monotonic() - started, [a["status"] for a in answers]


def as_manifest(args, folder):
    inbox = os.environ["GREENLANE_INBOX"]
    path = generated(args, "parcels", folder)
    name, partial = f"aircraft-{os.getpid()}.csv", os.path.join(inbox, ".aircraft.csv")
    with open(path, "rb") as source, open(partial, "wb") as target:
        target.write(source.read())
    size, started = os.path.getsize(partial), time.monotonic()
    os.rename(partial, os.path.join(inbox, name))

    def answers():
        out = os.path.join(inbox, "out")
        return next((os.path.join(out, n) for n in (os.listdir(out) if os.path.isdir(out) else []) if n.startswith(name) and n.endswith(".answers.ndjson")), None)
    found = o.wait_for(answers, "answers to the manifest", 300)
    seconds = time.monotonic() - started
    with open(found, "rb") as file:
        return size, seconds, [a["status"] for a in o.json_lines(file.read())]


def measured(args, way, send, folder):
    pid = o.pid_of("ingest")
    forget_peak(pid)
    size, seconds, statuses = send(args, folder)
    memory = peak_mib(pid)
    o.check(len(statuses) == args.count and set(statuses) == {"accepted"}, f"{way}: {statuses.count('accepted')} of {args.count} accepted")
    print(f"{way}: {args.count} parcels ({size / 1e6:.0f} MB) accepted in {seconds:.1f} s, {args.count / seconds:.0f} a second; ingest at most {memory:.0f} MiB", flush=True)
    o.check(seconds <= args.seconds, f"{way}: {seconds:.1f} s until the last was accepted, {args.seconds:g} are allowed")
    o.check(memory <= args.memory_mib, f"{way}: {memory:.0f} MiB resident, {args.memory_mib} are allowed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--memory-mib", type=int, default=384)
    args = parser.parse_args()
    o.need_stack()
    with o.Topic("gl.decisions", lambda message: message.partition()) as decisions, tempfile.TemporaryDirectory() as folder:
        for sent, (way, send) in enumerate((("HTTP", over_http), ("watched directory", as_manifest)), 1):
            started = time.monotonic()
            measured(args, way, send, folder)
            decisions.wait_count(sent * args.count)
            print(f"{way}: all decided within {time.monotonic() - started:.1f} s, with the time to make them", flush=True)
    o.assert_all_run()


if __name__ == "__main__":
    main()
