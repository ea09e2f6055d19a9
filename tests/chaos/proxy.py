"""The network between the daemons and their servers, as far as a test can break it: a TCP proxy with one port a link.

A process of its own. Reads commands from standard input, one JSON object a line, and answers each with a line:
    {"link": "decide.kafka1", "mode": "pass" | "cut" | "reset" | "slow", "delay_s": 0.2}
`cut`: connections stay and nothing moves, as when packets are dropped; new ones are taken and led nowhere. `reset`: connections are closed
and new ones too. `slow`: everything arrives delay_s later, in order. Links come from the command line: NAME:PORT:TARGET_PORT.
Always holds: bytes of a connection are neither lost nor reordered; a cut that is lifted goes on where it was.
"""
import collections
import heapq
import json
import os
import selectors
import socket
import sys
import time

CHUNK = 1 << 18
HELD_LIMIT = 4 << 20  # of one direction: beyond it nothing is read


class Link:
    def __init__(self, name, port, target):
        self.name, self.target, self.mode, self.delay_s = name, target, "pass", 0.0
        self.pairs = set()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(128)
        self.listener.setblocking(False)


class End:
    """One socket of a pair: what is held was read from it and is to be written to its other end."""

    def __init__(self, link, sock):
        self.link, self.sock, self.other = link, sock, None
        self.held, self.held_bytes = collections.deque(), 0
        self.connected, self.ended, self.closed, self.events = True, False, False, 0


class Proxy:
    def __init__(self, links):
        self.selector = selectors.DefaultSelector()
        self.links = {link.name: link for link in links}
        self.due = []  # (when, number, end): slow links
        self.number = 0
        for link in links:
            self.selector.register(link.listener, selectors.EVENT_READ, link)
        os.set_blocking(sys.stdin.fileno(), False)
        self.selector.register(sys.stdin.fileno(), selectors.EVENT_READ, "commands")
        self.rest = b""

    def accept(self, link):
        try:
            sock = link.listener.accept()[0]
        except OSError:
            return
        if link.mode == "reset":
            sock.close()
            return
        near, far = End(link, sock), End(link, socket.socket())
        near.other, far.other = far, near
        for end in (near, far):
            end.sock.setblocking(False)
            end.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.pairs.add(near)
        far.connected = False
        far.sock.connect_ex(("127.0.0.1", link.target))
        self.watch(near)
        self.watch(far)

    def watch(self, end):
        """Asks the selector for what this end can use now."""
        if end.closed:
            return
        events = 0
        if end.link.mode != "cut":
            if not end.connected:
                events = selectors.EVENT_WRITE
            else:
                if not end.ended and end.held_bytes < HELD_LIMIT:
                    events |= selectors.EVENT_READ
                if end.other.held and end.other.held[0][0] <= time.monotonic():
                    events |= selectors.EVENT_WRITE
        if events == end.events:
            return
        if end.events == 0:
            self.selector.register(end.sock, events, end)
        elif events == 0:
            self.selector.unregister(end.sock)
        else:
            self.selector.modify(end.sock, events, end)
        end.events = events

    def close(self, end):
        for one in (end, end.other):
            if not one.closed:
                if one.events:
                    self.selector.unregister(one.sock)
                one.closed = True
                one.sock.close()
                one.held.clear()
                one.link.pairs.discard(one)

    def read(self, end):
        try:
            data = end.sock.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self.close(end)
            return
        if not data:
            end.ended = True
            if not end.held:
                self.close(end)
            else:
                self.watch(end)
            return
        delay = end.link.delay_s if end.link.mode == "slow" else 0.0
        end.held.append((time.monotonic() + delay, data))
        end.held_bytes += len(data)
        if delay:
            self.number += 1
            heapq.heappush(self.due, (end.held[-1][0], self.number, end))
            self.watch(end)
        else:
            self.write(end)

    def write(self, end):
        """What `end` holds goes to the other side, as far as it is due and is taken."""
        other = end.other
        while end.held and other.connected and not end.closed and end.held[0][0] <= time.monotonic():
            when, data = end.held[0]
            try:
                sent = other.sock.send(data)
            except BlockingIOError:
                break
            except OSError:
                self.close(end)
                return
            end.held_bytes -= sent
            if sent == len(data):
                end.held.popleft()
            else:
                end.held[0] = (when, data[sent:])
        if end.ended and not end.held:
            self.close(end)
            return
        self.watch(end)
        self.watch(other)

    def ready(self, end, events):
        if end.closed or end.link.mode == "cut":
            return
        if not end.connected:
            if end.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.close(end)
                return
            end.connected = True
            self.watch(end)
        if events & selectors.EVENT_WRITE:
            self.write(end.other)
        if events & selectors.EVENT_READ and not end.closed:
            self.read(end)

    def command(self, line):
        wanted = json.loads(line)
        link = self.links[wanted["link"]]
        link.mode, link.delay_s = wanted["mode"], float(wanted.get("delay_s", 0))
        for near in list(link.pairs):
            if link.mode == "reset":
                self.close(near)
                continue
            for end in (near, near.other):
                if not end.closed and link.mode != "cut":
                    self.write(end)
                if not end.closed:
                    self.watch(end)
        print(json.dumps({"done": wanted["link"]}), flush=True)

    def commands(self):
        data = os.read(sys.stdin.fileno(), 65536)
        if not data:
            sys.exit(0)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.command(line)

    def run(self):
        while True:
            wait = max(0.0, self.due[0][0] - time.monotonic()) if self.due else None
            for key, events in self.selector.select(wait):
                if key.data == "commands":
                    self.commands()
                elif isinstance(key.data, Link):
                    self.accept(key.data)
                else:
                    self.ready(key.data, events)
            while self.due and self.due[0][0] <= time.monotonic():
                end = heapq.heappop(self.due)[2]
                if not end.closed and end.link.mode != "cut":
                    self.write(end)


def main():
    links = []
    for word in sys.argv[1:]:
        name, port, target = word.split(":")
        links.append(Link(name, int(port), int(target)))
    print(json.dumps({"listening": len(links)}), flush=True)
    Proxy(links).run()


if __name__ == "__main__":
    main()
