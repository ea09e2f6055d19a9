"""Where the CPU of running processes goes, by samples of perf(1): whose threads, and in whose code."""
import os
import shutil
import signal
import subprocess

FREQUENCY_HZ = 499
LIBRARIES = (("liblmdb", "LMDB"), ("libzstd", "zstd"), ("libcrypto", "SHA-256 (OpenSSL)"), ("libhiredis", "hiredis"), ("librdkafka", "librdkafka, called by workers"),
             ("libmicrohttpd", "libmicrohttpd"), ("libyajl", "yajl"), ("libxml2", "libxml2"), ("libxgboost", "libxgboost"), ("greenlane-", "own code"),
             ("[kernel", "the kernel, for workers"), ("[guest.kernel", "the kernel, for workers"))
REST = "the C library and others"
THEIRS = "librdkafka's own threads, kernel included"
HTTP = "threads of HTTP servers, kernel included"


def available():
    return shutil.which("perf") is not None


def place(thread, library):
    if thread.startswith("rdk:"):
        return THEIRS
    if thread.startswith("MHD"):
        return HTTP
    return next((name for start, name in LIBRARIES if library.startswith(start)), REST)


class Sampling:
    """Of the processes `pids` from now until `shares` is called."""

    def __init__(self, pids, path):
        self.path, self.pids = path, dict(pids)
        self.process = subprocess.Popen(["perf", "record", "-q", "-F", str(FREQUENCY_HZ), "-o", path, "-p", ",".join(map(str, self.pids.values()))],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def shares(self):
        """{name: {place: share of its own samples}}"""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=60)
        if not os.path.exists(self.path):
            raise RuntimeError(f"perf record: {said.decode(errors='replace')[-500:]}")
        samples = {name: {} for name in self.pids}
        names = {pid: name for name, pid in self.pids.items()}
        listing = subprocess.run(["perf", "script", "-i", self.path, "-F", "comm,pid,ip,dso"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                 check=True).stdout.decode(errors="replace")
        for line in listing.splitlines():
            head, _, library = line.rpartition("(")
            words = head.split()
            if len(words) < 3:
                continue
            thread, pid = " ".join(words[:-2]), int(words[-2].split("/")[0])
            if pid in names:
                where = place(thread, os.path.basename(library.rstrip(")")))
                counted = samples[names[pid]]
                counted[where] = counted.get(where, 0) + 1
        return {name: {where: n / sum(counted.values()) for where, n in counted.items()} for name, counted in samples.items()}
