#!/usr/bin/env python3
"""`greenlane top` on a terminal (tmux): it draws, follows the terminal's size, says what is wrong, and leaves the terminal as it was.

usage: terminal.py
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import outside as o  # noqa: E402

WIDE, NARROW, HEIGHT = 120, 64, 40


class Terminal:
    """A shell in a tmux server of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.tmux = ["tmux", "-S", os.path.join(folder, "socket"), "-f", "/dev/null"]
        self.run("new-session", "-d", "-x", str(WIDE), "-y", str(HEIGHT), "env PS1='$ ' sh")

    def run(self, *words):
        return subprocess.run([*self.tmux, *words], stdout=subprocess.PIPE, check=True, timeout=20).stdout.decode()

    def keys(self, *keys):
        self.run("send-keys", *keys)

    def shows(self):
        """Lines as they were written: one that the terminal wrapped is longer than its width."""
        return self.run("capture-pane", "-p", "-J").rstrip("\n").splitlines()

    def asks(self, name):
        return self.run("display-message", "-p", f"#{{{name}}}").strip()

    def wait(self, condition, what):
        """The picture that `condition` is true of."""
        seen = []

        def good():
            seen[:] = self.shows()
            return condition(seen)

        try:
            o.wait_for(good, what, 30, 0.2)
        except BaseException:
            print("\n".join(seen), file=sys.stderr)
            raise
        return seen

    def top(self, greenlane):
        """Starts it, with the terminal's modes before and after in files."""
        self.keys(f"clear; stty -g >{self.folder}/before; {greenlane} top --interval 1; echo ended $?; stty -g >{self.folder}/after; echo all", "Enter")
        self.wait(lambda lines: all(row(lines, stage) for stage in o.STAGES), "top shows the four stages")
        o.check((self.asks("alternate_on"), self.asks("cursor_flag")) == ("1", "0"), "top draws on the alternate screen, without a cursor")

    def left(self, how):
        self.wait(lambda lines: "all" in lines, f"the shell is back after {how}")
        o.check("ended 0" in self.shows(), f"top ended with 0 after {how}: {self.shows()}")
        o.check((self.asks("alternate_on"), self.asks("cursor_flag")) == ("0", "1"), f"the screen and the cursor are there again after {how}")
        modes = []
        for name in ("before", "after"):
            with open(os.path.join(self.folder, name), encoding="ascii") as file:
                modes.append(file.read())
        o.check(modes[0] == modes[1], f"the terminal's modes are as before after {how}: {modes}")

    def close(self):
        subprocess.run([*self.tmux, "kill-server"], stderr=subprocess.DEVNULL, check=False, timeout=20)


def row(lines, stage):
    """The table's line of a stage, as words; None: there is none, or more than one."""
    found = [line.split() for line in lines if re.match(rf"{stage} +\d+/\d+ ", line)]
    return found[0] if len(found) == 1 else None


def rate(lines, stage):
    """Records a second: after how many instances answer; "-" in the first picture."""
    words = row(lines, stage)
    return 0 if not words or words[2] == "-" else float(words[2].replace(",", ""))


def main():
    o.need_stack()
    if shutil.which("tmux") is None:
        print("skipped: there is no tmux here")
        sys.exit(77)
    greenlane = os.path.join(os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build"), "bin", "greenlane")
    with tempfile.TemporaryDirectory() as folder:
        terminal = Terminal(folder)
        try:
            terminal.top(greenlane)
            intake = o.Intake(patience_s=30)
            lines = iter(o.generate(20000))

            def send_and_look(seen):
                status, _ = intake.post(b"\n".join(next(lines) for _ in range(50)))
                o.check(status == 202, f"status {status}")
                return all(rate(seen, stage) > 0 for stage in o.STAGES)

            terminal.wait(send_and_look, "each stage has a rate while declarations come")
            terminal.run("resize-window", "-x", str(NARROW), "-y", str(HEIGHT))
            terminal.wait(lambda seen: all(row(seen, stage) for stage in o.STAGES) and max(len(line.rstrip()) for line in seen) <= NARROW, "it is drawn in the new width, each stage on one line")
            o.stack("kill", "risk")
            terminal.wait(lambda seen: any(re.match(r"! risk .*does not answer", line) for line in seen), "top says that risk does not answer")
            o.stack("start", "risk")
            terminal.wait(lambda seen: not any("does not answer" in line for line in seen), "top says nothing of risk any more")
            terminal.keys("q")
            terminal.left("q")
            terminal.top(greenlane)
            terminal.keys("C-c")
            terminal.left("Ctrl-C")
        finally:
            terminal.close()
    print("drawn, resized, one stage lost and back, left by q and by Ctrl-C")


if __name__ == "__main__":
    main()
