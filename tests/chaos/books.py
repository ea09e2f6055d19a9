"""The books of a leg: what `greenlane reconcile` draws up balances, and its numbers are the judge's.

A record belongs to the UTC day on which it was accepted by the clock of its ingest, which a fault may have moved by hours: the days around are added up.
"""
import datetime
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402

CLOCKS_S = 7200 + 3600  # how far a clock was moved at most (faults.py), with what a leg takes
# What reconcile counts for all submitters together, and what the judge counts of the same: each side is added up.
SAME = ((("accepted",), ("accepted records",)),
        (("rejected", "events.rejected"), ("rejection records",)),
        (("duplicate",), ("notifications duplicate",)),
        (("released",), ("declarations RELEASED",)),
        (("held",), ("declarations HELD",)),
        (("refused",), ("declarations REFUSED", "notifications reused")))


def days(now_s):
    return sorted({datetime.datetime.fromtimestamp(at, datetime.timezone.utc).date().isoformat() for at in (now_s - CLOCKS_S, now_s, now_s + CLOCKS_S)})


def balances(book, spoilt):
    """But for what cannot be read: at most the records that faults have spoilt."""
    return book["balances"] or (0 < book["unreadable"] <= spoilt and not any(n for line in book["submitters"] for n in line["differences"].values()))


def draw_up(now_s, spoilt, build):
    """(sums over submitters and days, what does not balance)"""
    sums, wrong = {}, []
    for day in days(now_s):
        book = json.loads(o.greenlane("reconcile", "--day", day, "--json", fine=(0, 1), build=build))
        if not balances(book, spoilt):
            wrong.append(f"{day} does not balance: {json.dumps(book)[:2000]}")
        for line in book["submitters"]:
            for name, value in (*line.items(), *((f"events.{name}", value) for name, value in line["events"].items())):
                if isinstance(value, int):
                    sums[name] = sums.get(name, 0) + value
    return sums, wrong


def compare(sums, counts):
    """Differences between the books and the judge's counts."""
    wrong = []
    for names, judged in SAME:
        ours, theirs = sum(sums.get(name, 0) for name in names), sum(counts.get(name, 0) for name in judged)
        if ours != theirs:
            wrong.append(f"{' + '.join(names)}: {ours}, the judge has {theirs} {' + '.join(judged)}")
    return wrong


def check(counts, now_s, build=None):
    """`build`: of the newest version that wrote; an older one cannot read all of it, and says so. None: the own one."""
    sums, wrong = draw_up(now_s, counts.get("dead letters of faults", 0), build)
    return wrong + compare(sums, counts)
