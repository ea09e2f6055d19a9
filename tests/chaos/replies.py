#!/usr/bin/env python3
"""Answers that are lost on the wire between two steps of a transaction: the record that was written in vain is written again.

What a cluster's fail-over does by chance is done here on purpose, with a proxy that knows the frames of Kafka's protocol. The broker stores
a record of a transaction; its answer to the produce request is lost with the connection; before the connection is there again, sending the
offsets fails, so that the transaction is aborted. In the next one librdkafka 2.0.2 gives the same sequence numbers to as many records of that
partition: the broker takes them for a repetition, says that it has them, and stores nothing. The commit then succeeds, and they are gone.

usage: replies.py [--times N]
"""
import argparse
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import outside as o  # noqa: E402
from confluent_kafka.admin import AdminClient  # noqa: E402

PRODUCE, API_VERSIONS, ADD_OFFSETS_TO_TXN, END_TXN = 0, 18, 25, 26
GROUP_AUTHORIZATION_FAILED = 30
HELD_S = 20


def exactly(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise OSError("ended")
        data += part
    return data


def frame(sock):
    head = exactly(sock, 4)
    return head + exactly(sock, struct.unpack(">i", head)[0])


class Wire:
    """Passes frames on. Once armed: the next produce request is carried out and its answer lost with the connection; connections made after
    that are not answered, and the answer to AddOffsetsToTxn is turned into a refusal, until the client ends its transaction."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.armed = False
        self.lost = threading.Event()
        self.back = threading.Event()
        self.ended = threading.Event()
        self.ended.set()
        self.committed = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self):
        for event in (self.lost, self.back, self.ended, self.committed):
            event.clear()
        self.armed = True

    def accept(self):
        while True:
            client = self.listener.accept()[0]
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            asked = {}  # correlation id: API key
            for run in (self.requests, self.answers):
                threading.Thread(target=run, args=(client, server, asked), daemon=True).start()

    def requests(self, client, server, asked):
        try:
            while True:
                data = frame(client)
                key, _, number = struct.unpack(">hhi", data[4:12])
                if key == PRODUCE and self.armed and not self.lost.is_set():
                    asked[number] = "lost"
                else:
                    asked[number] = key
                if key == END_TXN and self.lost.is_set():
                    (self.committed if self.ended.is_set() and data[-1] == 1 else self.ended).set()
                server.sendall(data)
        except OSError:
            server.close()
            client.close()

    def answers(self, client, server, asked):
        try:
            while True:
                data = frame(server)
                key = asked.pop(struct.unpack(">i", data[4:8])[0])
                if key == "lost":
                    self.armed = False
                    self.lost.set()
                    raise OSError("lost")
                if key == API_VERSIONS and self.lost.is_set() and not self.ended.is_set():
                    self.back.set()
                    self.ended.wait(HELD_S)
                if key == ADD_OFFSETS_TO_TXN and (self.armed or not self.ended.is_set()):
                    threading.Thread(target=self.refuse, args=(client, data), daemon=True).start()
                else:
                    client.sendall(data)
        except OSError:
            for sock in (client, server):
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                sock.close()

    def refuse(self, client, data):
        """Of version 0, where the error comes last. Other answers on this connection may come before it."""
        self.lost.wait(HELD_S)
        self.back.wait(HELD_S)  # the client has seen that its connection is gone
        client.sendall(data[:-2] + struct.pack(">h", GROUP_AUTHORIZATION_FAILED))


class Echo:
    """A broker of its own, and greenlane-test-echo, which copies `in` to `out`, behind the wire."""

    def __init__(self, run):
        self.run = run
        target = o.free_ports(1)[0]
        self.wire = Wire(target)
        self.env = {**os.environ, "GREENLANE_RUN": run, "KAFKA_JAVA": "-XX:TieredStopAtLevel=1", "KAFKA_VIA_1": f"WIRE:{target}:{self.wire.port}"}
        for name in ("KAFKA_BROKERS", "REDIS_URL"):
            self.env.pop(name, None)
        self.process = None

    def stack(self, *words):
        done = subprocess.run([os.path.join(o.ROOT, "tools", "stack.sh"), *words], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False)
        o.check(done.returncode == 0, f"stack.sh {' '.join(words)}: {done.stdout.decode()}")

    def start(self):
        self.stack("broker")
        with open(os.path.join(self.run, "ports"), encoding="ascii") as file:
            ports = dict(line.strip().split("=", 1) for line in file)
        os.environ["KAFKA_BROKERS"] = f"127.0.0.1:{ports['PORT_KAFKA']}"
        binary = os.path.join(os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build"), "bin", "greenlane-test-echo")
        command = ["setpriv", "--pdeathsig", "KILL", binary, "--stateless"]
        for one in (f"kafka.brokers=127.0.0.1:{self.wire.port}", "kafka.partitions=1", "kafka.session_timeout=6s", "admin.listen=127.0.0.1:0",
                    f"stage.state_dir={self.run}/state"):
            command += ["--set", one]
        with open(os.path.join(self.run, "echo.log"), "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.run, start_new_session=True,
                                            env={**os.environ, "ECHO_NAME": "replies"})

    def stop(self):
        code = None
        if self.process is not None:
            self.process.terminate()
            try:
                code = self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.stack("down")
        return code

    def log(self):
        with open(os.path.join(self.run, "echo.log"), encoding="utf-8", errors="replace") as file:
            return file.read()


def send(producer, text):
    producer.produce("replies.in", text.encode(), b"key", partition=0)
    o.check(producer.flush(30) == 0, f"producing {text}")


def play(echo, times):
    metadata = AdminClient({"bootstrap.servers": os.environ["KAFKA_BROKERS"]})
    o.wait_for(lambda: {"replies.in", "replies.out"} <= set(metadata.list_topics(timeout=10).topics), "the topics of the daemon", 30)
    producer = o.producer()
    with o.Topic("replies.out", lambda message: message.value().decode(), beginning=True, one_by_one=True) as out:
        sent = ["first"]
        send(producer, "first")
        out.wait_count(1)
        for number in range(times):
            echo.wire.arm()
            sent += [f"in-vain-{number}", f"after-{number}"]
            send(producer, sent[-2])
            o.check(echo.wire.lost.wait(30), "no produce request was seen")
            o.check(echo.wire.ended.wait(30), "the transaction was not ended")
            o.check(echo.wire.committed.wait(60), "the next transaction was not committed")  # with this record alone: as many as before
            send(producer, sent[-1])
            out.wait(lambda kept: sent[-1] in kept, f"{sent[-1]} is copied")
            o.check(out.kept == sent, f"copied {out.kept[-4:]}, sent {sent[-4:]}")
        o.check("GROUP_AUTHORIZATION_FAILED" in echo.log(), "sending the offsets was not refused: nothing was tested")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    args = parser.parse_args()
    run = tempfile.mkdtemp(prefix="gl-replies-")
    echo = Echo(run)
    good = False
    try:
        echo.start()
        play(echo, args.times)
        good = True
    finally:
        code = echo.stop()
        if good:
            shutil.rmtree(run)
        else:
            print(f"kept for a look: {run}")
    o.check(code == 0, f"the daemon ended with {code}")
    print(f"{args.times} answers lost between produce and commit: every record is there once, in order")


if __name__ == "__main__":
    main()
