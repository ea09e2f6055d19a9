"""What can go wrong: one function a kind of fault, and the table of kinds and targets.

A function injects its fault, lifts it, and returns what it did as a dict for the log; it calls at.lifted() when the system may begin to
recover (a daemon is started again, a link passes again). What is to be put back later goes to at.afterwards(): it is done after recovery.
All times are drawn from at.rng, so a seed names a run.
"""
import json
import os
import shutil
import signal
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import outside as o  # noqa: E402
import system as sut  # noqa: E402
from confluent_kafka.admin import AdminClient  # noqa: E402

STAGES = o.STAGES
POINTS = ("produced", "offsets", "committed", "applied")


class At:
    """Where a fault is: the system, its random numbers, its clock."""

    def __init__(self, system, rng):
        self.system, self.rng = system, rng
        self.lifted_at = None
        self.later = []
        self.what = {}  # what was done, for the log; it may grow afterwards

    def lifted(self):
        self.lifted_at = time.monotonic()

    def afterwards(self, action):
        self.later.append(action)

    def hold(self, low, high):
        seconds = self.rng.uniform(low, high)
        time.sleep(seconds)  # how long the fault lasts
        return round(seconds, 2)


class NotHere(Exception):
    """A privilege or a tool is missing: the fault is left out, and said."""


# ---- daemons ----

def kill(at, stage):
    daemon = at.system.daemons[stage]
    daemon.kill()
    down = at.hold(0, 0.5)
    daemon.start()
    at.lifted()
    return {"down_s": down}


def kill_at_point(at, stage, point):
    """It comes to a point between producing and applying, and dies there."""
    daemon = at.system.daemons[stage]
    daemon.kill()
    nth = at.rng.randrange(1, 12)
    daemon.start({"GL_TEST_POINT": f"{point}:{nth}"})
    daemon.wanted = False
    o.wait_for(lambda: not daemon.runs(), f"{stage} dies at {point}:{nth}", 90)
    landed = daemon.process.returncode == -signal.SIGKILL
    at.system.note(landed, f"{stage} was to die at {point}:{nth}, ended with {daemon.process.returncode}: {at.system.last_line(daemon)[:300]}")
    daemon.start()
    at.lifted()
    return {"point": point, "nth": nth, "landed": landed}


def zombie(at, stage):
    """Stopped for longer than its session, so that it wakes without its partitions."""
    daemon = at.system.daemons[stage]
    daemon.process.send_signal(signal.SIGSTOP)
    held = at.hold(sut.SESSION_S + 1.5, sut.SESSION_S + 3.5)
    daemon.process.send_signal(signal.SIGCONT)
    at.lifted()
    return {"stopped_s": held}


def zombie_rival(at, stage):
    """The same while another instance takes its partitions over and goes on; it wakes with an open transaction and a stale generation."""
    daemon = at.system.daemons[stage]
    rival = at.system.add(stage)
    rival.wait_ready(40)
    daemon.process.send_signal(signal.SIGSTOP)
    held = at.hold(sut.SESSION_S + 1.5, sut.SESSION_S + 3.5)
    daemon.process.send_signal(signal.SIGCONT)
    at.lifted()
    at.afterwards(lambda: leave(at, rival))
    return {"stopped_s": held}


def leave(at, daemon):
    if at.rng.random() < 0.5:
        daemon.kill()
    elif daemon.runs():
        daemon.terminate()
    at.system.remove(daemon)


def kill_all(at, _):
    for stage in STAGES:
        at.system.daemons[stage].kill()
    down = at.hold(0, 1)
    for stage in STAGES:
        at.system.daemons[stage].start()
    at.lifted()
    return {"down_s": down}


def roll(at, stage):
    """SIGTERM: it drains; the next one goes on."""
    daemon = at.system.daemons[stage]
    drained = daemon.terminate()
    daemon.start()
    at.lifted()
    return {"drained_s": round(drained, 2)}


def scale(at, stage):
    """A second instance joins, works, and leaves."""
    other = at.system.add(stage)
    other.wait_ready(40)
    worked = at.hold(0.5, 1.5)
    gently = at.rng.random() < 0.5
    if gently:
        other.terminate()
    else:
        other.kill()
    at.system.remove(other)
    at.lifted()
    return {"worked_s": worked, "left": "SIGTERM" if gently else "SIGKILL"}


def wipe(at, stage):
    daemon = at.system.daemons[stage]
    daemon.kill()
    shutil.rmtree(os.path.join(at.system.run, "state", stage))
    daemon.start()
    at.lifted()
    return {}


def wipe_and_flush(at, stage):
    daemon = at.system.daemons[stage]
    daemon.kill()
    shutil.rmtree(os.path.join(at.system.run, "state", stage))
    at.system.redis("FLUSHALL")
    daemon.start()
    at.lifted()
    return {}


def clock(at, stage):
    """The wall clock jumps under a running daemon; the monotonic one does not."""
    library = o.faketime_library()
    if library is None:
        raise NotHere("libfaketime is not installed")
    daemon = at.system.daemons[stage]
    path = os.path.join(at.system.run, f"clock.{stage}")

    def set_clock(offset):
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(f"{offset:+d}\n")
        os.rename(path + ".new", path)

    set_clock(0)
    daemon.kill()
    daemon.start({"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": path, "FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                  "DONT_FAKE_MONOTONIC": "1"})
    daemon.wait_ready(60)
    offset = at.rng.choice([-7200, -90, 90, 7200])
    set_clock(offset)
    at.hold(1.2, 2.0)
    set_clock(0)
    at.lifted()

    def without():
        daemon.kill()
        daemon.start()
        daemon.wait_ready(60)

    at.afterwards(without)
    return {"jump_s": offset}


def metric_of(daemon, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{daemon.admin}/metrics", timeout=5) as answer:
        return sum(float(line.rpartition(" ")[2]) for line in answer.read().decode().splitlines() if line.split("{")[0].split(" ")[0] == name)


def reload(at, stage):
    """SIGHUP with a configuration that is wrong (the old one stays), then with the right one."""
    daemon = at.system.daemons[stage]
    daemon.wait_ready(60)
    path = os.path.join(at.system.run, "config", stage + ".yaml")
    with open(path, encoding="utf-8") as file:
        good = file.read()
    bad = at.rng.choice([good + "\nnonsense: [\n", good + "\nno_such_section:\n  a: 1\n", ""]) if stage == "decide" else \
        at.rng.choice([good + "\nnonsense: [\n", good + "\nno_such_section:\n  a: 1\n"])
    for text, name in ((bad, "gl_config_reload_failed_total"), (good, "gl_config_reload_success_total")):
        before = metric_of(daemon, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)
        daemon.process.send_signal(signal.SIGHUP)
        try:
            o.wait_for(lambda n=name, b=before: metric_of(daemon, n) > b, f"{stage}: {name}", 15)
        except SystemExit as late:
            at.system.note(False, str(late))
    at.lifted()
    return {}


# ---- servers ----

def broker_kill(at, node):
    """Of three, another takes over while it is away, and that is what is measured; a single one has to come back."""
    at.system.stack("kill", node)
    if at.system.brokers == 3:
        at.lifted()
        at.afterwards(lambda: at.system.start_node(node))
        return {}
    down = at.hold(0, 2)
    at.system.stack("start", node)
    at.lifted()
    return {"down_s": down}


def broker_stop(at, node):
    """It hangs. Of three, another takes over, and it wakes as a leader that is none any more."""
    pid = at.system.server_pid(node)
    os.kill(pid, signal.SIGSTOP)
    if at.system.brokers == 3:
        at.lifted()
        at.afterwards(lambda: os.kill(pid, signal.SIGCONT))
        return {}
    held = at.hold(2, 7)
    os.kill(pid, signal.SIGCONT)
    at.lifted()
    return {"stopped_s": held}


def redis_kill(at, _):
    at.system.stack("kill", "redis")
    down = at.hold(0.5, 3)
    at.system.stack("start", "redis")
    at.lifted()
    return {"down_s": down}


def redis_flush(at, _):
    reply = at.system.redis("FLUSHALL")
    o.check(reply == b"+OK\r\n", f"FLUSHALL: {reply}")
    at.lifted()
    return {}


def redis_stop(at, _):
    pid = at.system.server_pid("redis")
    os.kill(pid, signal.SIGSTOP)
    held = at.hold(1, 4)
    os.kill(pid, signal.SIGCONT)
    at.lifted()
    return {"stopped_s": held}


def redis_slow(at, _):
    """Slower than the deadline of a call, or nearly."""
    delay = at.rng.choice([0.01, 0.03, 0.08, 0.3])
    links = [stage + ".redis" for stage in sut.WITH_REDIS]
    for link in links:
        at.system.link(link, "slow", delay)
    held = at.hold(2, 4)
    for link in links:
        at.system.link(link, "pass")
    at.lifted()
    return {"delay_s": delay, "slow_s": held}


# ---- the network ----

def links_of(at, stage):
    return [f"{stage}.{node}" for node in at.system.nodes]


def change(at, links, mode, low, high, delay_s=0.0):
    for link in links:
        at.system.link(link, mode, delay_s)
    held = at.hold(low, high)
    for link in links:
        at.system.link(link, "pass")
    at.lifted()
    return held


def cut(at, stage):
    return {"cut_s": change(at, links_of(at, stage), "cut", 1, sut.SESSION_S + 4)}


def reset(at, stage):
    return {"reset_s": change(at, links_of(at, stage), "reset", 0.2, 3)}


def slow(at, stage):
    delay = at.rng.choice([0.05, 0.2, 0.5])
    return {"delay_s": delay, "slow_s": change(at, links_of(at, stage), "slow", 2, 4, delay)}


def cut_redis(at, stage):
    return {"cut_s": change(at, [stage + ".redis"], "cut", 1, 4)}


def cut_node(at, node):
    """No daemon reaches this node; the nodes reach each other, so it keeps its leaders."""
    return {"cut_s": change(at, [f"{stage}.{node}" for stage in STAGES], "cut", 1, 5)}


# ---- bad records ----

def poison(at, stage):
    """Records that cannot be read, on the stage's input: dead letters, and what follows goes on."""
    topic = {"classify": "gl.declarations.accepted", "risk": "gl.declarations.classified", "decide": "gl.declarations.assessed"}[stage]
    producer = o.producer()
    count = at.rng.randrange(3, 30)
    for _ in range(count):
        value = at.rng.choice([b"", b"\0", at.rng.randbytes(at.rng.randrange(1, 3000)), b"\0\0\0\3\xe9" + at.rng.randbytes(40)])
        producer.produce(topic, value, at.rng.randbytes(16), partition=at.rng.randrange(4), headers={"seen-by": b"chaos"})
    o.check(producer.flush(60) == 0, "producing bad records")
    at.lifted()
    return {"records": count}


def oversize(at, _):
    """A declaration above the limit, one that grows up to it, and a body above the service's limit: refused, taken, refused."""
    line = o.generate(1)[0]
    intake = o.Intake(account="fence", patience_s=60)
    declaration = json.loads(line)
    item = declaration["items"][0]
    answers = []
    for items_wanted, expected in ((240, "accepted"), (900, "rejected")):  # of about 900 bytes: the limit is 256 KiB
        items = [{**item, "sequence_numeric": n, "description": f"{n} " + "goods of many words " * 24} for n in range(1, items_wanted + 1)]
        large = {**declaration, "functional_reference_id": f"{declaration['functional_reference_id']}-{items_wanted}",
                 "goods_item_quantity": len(items), "items": items}
        body = json.dumps(large).encode()
        status, answer = intake.post(body, "application/json")
        told = answer["results"][0]["status"] if isinstance(answer, dict) and "results" in answer else None
        answers.append([len(body), status, told])
        at.system.note(told == expected, f"a declaration of {len(body)} bytes: {status} {str(answer)[:200]}")
    try:
        status, _ = o.Intake(account="fence").post(b" " * (33 << 20), "application/json")
    except OSError:
        status = None  # closed on us while we send
    at.system.note(status in (413, None), f"a body of 33 MiB: {status}")
    at.lifted()
    return {"answers": answers}


# ---- three nodes ----

def node_of(at, number):
    return at.system.nodes[number - 1]


def java_hash(text):
    value = 0
    for c in text:
        value = (value * 31 + ord(c)) & 0xffffffff
    return value - (1 << 32) if value >= 1 << 31 else value


def admin():
    return AdminClient({"bootstrap.servers": os.environ["KAFKA_BROKERS"], "log_level": 0})


def coordinator(topic, name):
    """The node that leads the partition of `topic` that `name` belongs to."""
    leaders = admin().list_topics(topic, 20).topics[topic].partitions
    return leaders[(java_hash(name) & 0x7fffffff) % len(leaders)].leader


def group_coordinator(at, stage):
    node = node_of(at, coordinator("__consumer_offsets", f"gl.{stage}"))
    return {"node": node, **broker_kill(at, node)}


def transaction_coordinator(at, stage):
    node = node_of(at, coordinator("__transaction_state", f"gl.{stage}.chaos.0.0"))
    return {"node": node, **broker_kill(at, node)}


def leader(at, topic):
    partitions = admin().list_topics(topic, 10).topics[topic].partitions
    node = node_of(at, partitions[at.rng.choice(sorted(partitions))].leader)
    return {"node": node, **broker_kill(at, node)}


def nodes_restart(at, _):
    for node in at.system.nodes:
        at.system.stack("kill", node)
    at.system.stack("broker")
    at.lifted()
    return {}


def full_disk(at, node):
    """The third node's disk has no byte left: it loses its log directory and ends; with room again it is started again."""
    s = at.system
    if not s.small_disk:
        raise NotHere("no right to mount a file system")
    before_kb, _ = s.disk_kb()
    pid = s.server_pid(node)
    s.fill_disk(64)
    at.lifted()

    def room_again():
        at.hold(0.5, 1)
        died = not os.path.exists(f"/proc/{pid}")
        o.check(s.resize_disk(before_kb), "the disk has its size again")
        if died:
            s.start_node(node)
        at.what["node_ended"] = died

    at.afterwards(room_again)
    return {}


def each(kind, targets, *more):
    return [(kind, target, *more) for target in targets]


# (function, target, further arguments)
SINGLE = [*each(kill, STAGES), *[(kill_at_point, stage, point) for stage in STAGES for point in POINTS if (stage, point) != ("ingest", "offsets")],
          *each(zombie, STAGES), *each(zombie_rival, STAGES), (kill_all, "all"), *each(roll, STAGES), *each(scale, STAGES),
          *each(wipe, ("ingest", "decide")), (wipe_and_flush, "decide"), *each(clock, STAGES), *each(reload, STAGES),
          (broker_kill, "kafka"), (broker_stop, "kafka"), (redis_kill, "redis"), (redis_flush, "redis"), (redis_stop, "redis"), (redis_slow, "redis"),
          *each(cut, STAGES), *each(reset, STAGES), *each(slow, STAGES), *each(cut_redis, sut.WITH_REDIS), *each(poison, STAGES[1:]), (oversize, "ingest")]
NODES = ("kafka", "kafka2", "kafka3")
CLUSTER = [*each(broker_kill, NODES), *each(broker_stop, NODES), *each(cut_node, NODES), (group_coordinator, "decide"), (transaction_coordinator, "decide"),
           (transaction_coordinator, "ingest"), (leader, "gl.decisions"), (leader, "gl.clearances"), (nodes_restart, "all"), (full_disk, "kafka3")]
SHORT = [(kill, "ingest"), (kill, "classify"), (kill, "risk"), (kill, "decide"), (kill_at_point, "decide", "offsets"), (kill_at_point, "ingest", "committed"),
         (kill_at_point, "risk", "produced"), (zombie_rival, "decide"), (redis_flush, "redis"), (wipe_and_flush, "decide"), (cut, "classify"),
         (broker_kill, "kafka")]
# What takes a node away: the three have to be whole before.
OF_NODES = {broker_kill, broker_stop, group_coordinator, transaction_coordinator, leader, nodes_restart, full_disk}


def name_of(cell):
    return "-".join([cell[0].__name__.replace("_", "-"), *cell[1:]])
