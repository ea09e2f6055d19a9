#!/usr/bin/env python3
"""Does every accepted declaration of the demo have its decision?

usage: demo_check.py count ANSWERS...   prints how many declarations were accepted (each MRN once)
       demo_check.py match ANSWERS...   decisions as JSON lines on standard input; exit 1 when an accepted one has none
"""
import json
import sys


def main():
    accepted, rejected = set(), 0
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            for line in file:
                answer = json.loads(line)
                if answer["status"] == "accepted":
                    accepted.add(answer["mrn"])
                else:
                    rejected += 1
    if sys.argv[1] == "count":
        print(len(accepted))
        return 0
    decided = {json.loads(line)["declaration"]["mrn"] for line in sys.stdin}
    missing = sorted(accepted - decided)
    if missing:
        print(f"{len(missing)} of {len(accepted)} accepted declarations have no decision, first {missing[:3]}")
        return 1
    print(f"Each of the {len(accepted):,} declarations accepted has its decision; {rejected:,} were rejected at once, with all that is wrong with them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
