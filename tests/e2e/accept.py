#!/usr/bin/env python3
"""The acceptance runs, at full size, one after the other on the running stack: `./dev accept [NAME...]`."""
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
RUNS = {"clear": ["--count", "2000"], "inputs": ["--random", "2000"], "forty": ["--points", "produced,committed,applied", "--reused"],
        "aircraft": [], "cds": [], "kcs": [], "faults": ["--count", "150000", "--seconds", "750"],
        "poison": ["--count", "100000"], "topics": [], "push": ["--count", "4000"], "overdue": []}


def main():
    names = sys.argv[1:] or list(RUNS)
    results = []
    for name in names:
        if name not in RUNS:
            sys.exit(f"accept: there is no '{name}': {' '.join(RUNS)}")
        started = time.monotonic()
        print(f"== {name} {' '.join(RUNS[name])}", flush=True)
        code = subprocess.run([sys.executable, os.path.join(HERE, name + ".py"), *RUNS[name]], check=False).returncode
        results.append((name, {0: "passed", 77: "skipped"}.get(code, "FAILED"), time.monotonic() - started))
    for name, word, seconds in results:
        print(f"{name}: {word}, {seconds:.0f} s")
    failed = sum(word == "FAILED" for _, word, _ in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
