"""The system under test: Kafka and Redis from tools/stack.sh, the daemons as processes of this one, and the proxy between them.

Every daemon reaches each broker and Redis through a link of its own, so that one of them can be cut off alone; the outside client and the
brokers among themselves do not go through the proxy. Always holds: what was started here ends with this process, even when it is killed.
Thread: main only (a daemon dies with the thread that started it).
"""
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import outside as o  # noqa: E402
from confluent_kafka import KafkaException  # noqa: E402
from confluent_kafka.admin import AdminClient  # noqa: E402

STAGES = o.STAGES
WITH_REDIS = ("ingest", "classify", "decide")
# Shorter than the defaults, so that a fault's cost is seconds: what is promised follows from these (docs/GUARANTEES.md).
SESSION_S, TRANSACTION_S = 3, 4
DAEMON_SETTINGS = [f"kafka.session_timeout={SESSION_S}s", f"kafka.transaction_timeout={TRANSACTION_S}s", "stage.instance=chaos"]
BROKER_SETTINGS = ["group.min.session.timeout.ms=1000", "transaction.abort.timed.out.transaction.cleanup.interval.ms=1000",
                   "log.segment.bytes=67108864"]
CLUSTER_SETTINGS = ["broker.session.timeout.ms=3000", "broker.heartbeat.interval.ms=500", "replica.lag.time.max.ms=3000",
                    "controller.quorum.election.timeout.ms=1000", "controller.quorum.fetch.timeout.ms=2000",
                    "leader.imbalance.check.interval.seconds=5", "leader.imbalance.per.broker.percentage=0", "num.replica.fetchers=2",
                    "request.timeout.ms=5000", "replica.socket.timeout.ms=5000"]


class Daemon:
    """One instance of a stage. `number` 0 is always there, others come and go."""

    def __init__(self, system, stage, number):
        self.system, self.stage, self.number = system, stage, number
        self.name = stage if number == 0 else f"{stage}{number + 1}"
        self.admin, self.http = o.free_ports(2)
        self.process = None
        self.wanted = False  # supposed to run: started again when it ends by itself
        self.extra_env = {}
        self.build = system.build  # where its program is: another version's, when it is upgraded

    @property
    def pid(self):
        return self.process.pid

    def start(self, env=None):
        """Starts it, without waiting until it is ready."""
        s = self.system
        self.extra_env = dict(env or {})
        settings = [f"admin.listen=127.0.0.1:{self.admin}"]
        settings += DAEMON_SETTINGS
        if self.stage == "ingest":
            settings.append(f"ingest.listen=127.0.0.1:{self.http}")
        own = {"KAFKA_BROKERS": ",".join(f"127.0.0.1:{s.link_port[f'{self.stage}.{n}']}" for n in s.nodes),
               "GREENLANE_STATE": os.path.join(s.run, "state")}
        if self.stage in WITH_REDIS:
            own["REDIS_URL"] = f"redis://127.0.0.1:{s.link_port[self.stage + '.redis']}/0"
        command = ["setpriv", "--pdeathsig", "KILL", os.path.join(self.build, "bin", "greenlane-" + self.stage), "--config",
                   os.path.join(s.run, "config", self.stage + ".yaml")]
        for one in settings:
            command += ["--set", one]
        with open(os.path.join(s.run, self.name + ".log"), "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=s.run, start_new_session=True,
                                            env={**os.environ, **own, **self.extra_env})
        self.wanted = True

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def wait_ready(self, seconds=60):
        o.wait_for(lambda: self.ready() or not self.runs(), f"{self.name} ready", seconds)

    def kill(self):
        self.wanted = False
        if self.runs():
            self.process.send_signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(20)

    def terminate(self, seconds=40):
        """SIGTERM; how long it took to end. Exit code 0 is expected."""
        self.wanted = False
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            code = None
        self.system.note(code == 0, f"{self.name} ended with {code} after SIGTERM")
        return time.monotonic() - started


class System:
    def __init__(self, run, brokers, small_disk_mb=0):
        self.run, self.brokers = run, brokers
        self.build = os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build")
        self.nodes = ["kafka", "kafka2", "kafka3"][:brokers]
        self.findings = []  # what should not have been seen, beside what the oracle counts
        self.ended = []  # daemons that ended by themselves: [name, code, last log line]
        self.proxy = None
        self.link_mode = {}
        self.small_disk = None
        self.starting = []  # nodes
        os.makedirs(run, exist_ok=True)
        most = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))  # a crash leaves its core in `run`
        self.env = {**os.environ, "GREENLANE_RUN": run, "GREENLANE_BUILD": self.build, "BROKERS": str(brokers)}
        for name in ("KAFKA_BROKERS", "REDIS_URL"):
            self.env.pop(name, None)
        self._links()
        if small_disk_mb:
            self._small_disk(small_disk_mb)
        self.daemons = {stage: Daemon(self, stage, 0) for stage in STAGES}

    def note(self, good, text):
        if not good:
            self.findings.append(text)
            print(f"  !! {text}", flush=True)

    def _links(self):
        """Ports of the proxy; each node gets a listener for each stage whose advertised address is the stage's link."""
        names = [f"{stage}.{node}" for stage in STAGES for node in self.nodes]
        ports = o.free_ports(2 * len(names) + len(WITH_REDIS))
        self.link_port = dict(zip(names, ports))
        self.link_target = dict(zip(names, ports[len(names):]))
        for stage, port in zip(WITH_REDIS, ports[2 * len(names):]):
            self.link_port[stage + ".redis"] = port
        settings = BROKER_SETTINGS + (CLUSTER_SETTINGS if self.brokers == 3 else [])
        self.env["KAFKA_JAVA"] = "-XX:TieredStopAtLevel=1"  # it starts in half the time
        self.env["KAFKA_SETTINGS"] = " ".join(settings)
        for number, node in enumerate(self.nodes, 1):
            self.env[f"KAFKA_VIA_{number}"] = " ".join(f"{stage.upper()}:{self.link_target[f'{stage}.{node}']}:{self.link_port[f'{stage}.{node}']}"
                                                       for stage in STAGES)

    def _small_disk(self, mb):
        """A file system of its own for the third node, where the right to make one is given."""
        path = os.path.join(self.run, "disk3")
        os.makedirs(path, exist_ok=True)
        while os.path.ismount(path):  # of a run that was ended
            subprocess.run(["umount", path], check=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mb}m", "greenlane-chaos", path], stderr=subprocess.PIPE, check=False)
        if done.returncode == 0:
            self.small_disk = path
            self.env["KAFKA_DATA_3"] = os.path.join(path, "data")
        else:
            print(f"  no disk to fill: {done.stderr.decode().strip()}", flush=True)

    def resize_disk(self, kilobytes):
        """False: there is more on it already."""
        return subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", self.small_disk], stderr=subprocess.DEVNULL, check=False).returncode == 0

    def disk_kb(self):
        """(size, used)"""
        usage = os.statvfs(self.small_disk)
        return usage.f_blocks * usage.f_frsize // 1024, (usage.f_blocks - usage.f_bfree) * usage.f_frsize // 1024

    def fill_disk(self, spare_kb):
        """The node writes while this measures: again, until it fits."""
        o.wait_for(lambda: self.resize_disk(self.disk_kb()[1] + spare_kb), "the disk is as small as what is on it", 10, 0.01)

    def stack(self, *words, fine=(0,)):
        done = subprocess.run([os.path.join(o.ROOT, "tools", "stack.sh"), *words], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False)
        o.check(done.returncode in fine, f"stack.sh {' '.join(words)}: {done.stdout.decode()}")

    def start_node(self, name):
        """In the background: the others do without it meanwhile. whole() waits for it."""
        self.starting.append(subprocess.Popen(["setpriv", "--pdeathsig", "KILL", os.path.join(o.ROOT, "tools", "stack.sh"), "start", name],
                                              env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def whole(self, seconds=180):
        """Waits until every node runs and every replica is in sync."""
        for process in self.starting:
            o.check(process.wait(seconds) == 0, "a node did not start")
        self.starting = []
        if self.brokers == 1:
            return
        client = AdminClient({"bootstrap.servers": os.environ["KAFKA_BROKERS"], "log_level": 0})

        def in_sync():
            self.supervise()
            try:
                topics = client.list_topics(timeout=5).topics.values()
            except KafkaException:
                return False
            return all(len(p.isrs) == len(p.replicas) for topic in topics for p in topic.partitions.values())

        o.wait_for(in_sync, "replicas in sync", seconds, 0.2)

    def server_pid(self, name):
        with open(os.path.join(self.run, name + ".pid"), encoding="ascii") as file:
            return int(file.read())

    def _config(self):
        """A copy of config/ that faults may damage, with the test's account."""
        shutil.copytree(os.path.join(o.ROOT, "config"), os.path.join(self.run, "config"), dirs_exist_ok=True)
        models = os.path.join(self.run, "models")
        if not os.path.islink(models):
            os.symlink(os.path.join(o.ROOT, "models"), models)
        path = os.path.join(self.run, "config", "ingest.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("accounts:\n", "accounts:\n  - name: chaos\n", 1))
        for stage in STAGES:
            with open(os.path.join(self.run, "config", stage + ".yaml"), "a", encoding="utf-8") as file:
                file.write(f"\nkafka:\n  replication: {self.brokers}\n  min_insync: {2 if self.brokers == 3 else 1}\n")

    def up(self):
        self.stack("down")
        self._config()
        self.stack("broker")
        with open(os.path.join(self.run, "ports"), encoding="ascii") as file:
            ports = dict(line.strip().split("=", 1) for line in file)
        suffix = {"kafka": "", "kafka2": "2", "kafka3": "3"}
        os.environ["KAFKA_BROKERS"] = ",".join("127.0.0.1:" + ports["PORT_KAFKA" + suffix[n]] for n in self.nodes)
        os.environ["REDIS_URL"] = f"redis://127.0.0.1:{ports['PORT_REDIS']}/0"
        self.redis_port = int(ports["PORT_REDIS"])
        words = [f"{name}:{port}:{self.link_target.get(name, self.redis_port)}" for name, port in self.link_port.items()]
        self.proxy = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", sys.executable, os.path.join(HERE, "proxy.py"), *words],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        o.check(json.loads(self.proxy.stdout.readline())["listening"] == len(words), "proxy")
        o.greenlane("topics", "create", "--config", os.path.join(self.run, "config", "decide.yaml"), "--partitions", 4)
        for daemon in self.daemons.values():
            daemon.start()
        for daemon in self.daemons.values():
            daemon.wait_ready()
            o.check(daemon.runs(), f"{daemon.name} ended while starting: {self.last_line(daemon)}")
        os.environ["INGEST_URL"] = f"http://127.0.0.1:{self.daemons['ingest'].http}"
        for stage in STAGES:
            os.environ[stage.upper() + "_ADMIN_URL"] = f"http://127.0.0.1:{self.daemons[stage].admin}"

    def down(self):
        for daemon in self.daemons.values():
            daemon.wanted = False
            if daemon.runs():
                daemon.process.send_signal(signal.SIGCONT)
                daemon.process.send_signal(signal.SIGTERM)
        for daemon in self.daemons.values():
            if daemon.process is not None:
                try:
                    daemon.process.wait(20)
                except subprocess.TimeoutExpired:
                    daemon.kill()
        for process in self.starting:
            process.wait(120)
        if self.proxy is not None:
            self.proxy.stdin.close()
            self.proxy.wait(10)
        for name in self.nodes + ["redis"]:
            try:
                os.kill(self.server_pid(name), signal.SIGCONT)
            except (OSError, ValueError):
                pass
        self.stack("down")
        if self.small_disk:
            subprocess.run(["umount", self.small_disk], check=False)

    def keep_logs(self, path):
        """What the daemons said, and the core of one that crashed."""
        os.makedirs(path, exist_ok=True)
        for name in os.listdir(self.run):
            if name.startswith("core") or name.endswith(".log") and name.startswith(STAGES):
                shutil.copy(os.path.join(self.run, name), path)

    def keep(self, path):
        """The logs of all nodes, for who looks for what was violated. Ends the brokers."""
        for daemon in self.daemons.values():
            daemon.kill()
        for name in self.nodes:
            self.stack("stop", name)
            kept = os.path.join(path, name)
            shutil.rmtree(kept, ignore_errors=True)
            own = self.small_disk and name == "kafka3"
            shutil.copytree(os.path.join(self.small_disk if own else os.path.join(self.run, name), "data"), kept)

    def link(self, name, mode, delay_s=0.0):
        self.proxy.stdin.write((json.dumps({"link": name, "mode": mode, "delay_s": delay_s}) + "\n").encode())
        self.proxy.stdin.flush()
        o.check(json.loads(self.proxy.stdout.readline())["done"] == name, f"proxy: {name}")

    def last_line(self, daemon):
        with open(os.path.join(self.run, daemon.name + ".log"), "rb") as log:
            log.seek(max(0, os.path.getsize(log.name) - 3000))
            lines = log.read().decode(errors="replace").splitlines()
        errors = [line for line in lines if '"error"' in line]
        return (errors or lines or [""])[-1]

    def supervise(self):
        """What ended by itself is started again, as an init system does, and kept for the report."""
        for daemon in list(self.daemons.values()):
            if daemon.wanted and not daemon.runs():
                self.ended.append([daemon.name, daemon.process.returncode, self.last_line(daemon)])
                print(f"  ended by itself: {daemon.name}, {daemon.process.returncode}: {self.last_line(daemon)[:400]}", flush=True)
                self.note(daemon.process.returncode > 0, f"{daemon.name} crashed: {daemon.process.returncode}")
                daemon.start()

    def redis(self, *words, seconds=5):
        with socket.create_connection(("127.0.0.1", self.redis_port), seconds) as link:
            link.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in (x.encode() for x in words)))
            return link.recv(200)

    def add(self, stage, build=None):
        number = max(d.number for d in self.daemons.values() if d.stage == stage) + 1
        daemon = Daemon(self, stage, number)
        daemon.build = build or self.build
        self.daemons[daemon.name] = daemon
        daemon.start()
        return daemon

    def remove(self, daemon):
        del self.daemons[daemon.name]

    def where(self):
        """What each daemon says of itself, for a run that stands still."""
        said = []
        for daemon in self.daemons.values():
            lag, health = [], ""
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{daemon.admin}/metrics", timeout=2) as answer:
                    lag = [line for line in answer.read().decode().splitlines() if line.startswith("gl_consumer_lag_records{")]
                with urllib.request.urlopen(f"http://127.0.0.1:{daemon.admin}/healthz", timeout=2) as answer:
                    health = answer.read().decode()
            except urllib.error.HTTPError as error:
                health = error.read().decode()
            except OSError as error:
                health = str(error)
            said.append(f"{daemon.name}: {health.strip()[:200]} lag {sum(float(line.rpartition(' ')[2]) for line in lag):.0f}")
        return "; ".join(said)

    def intakes(self):
        return [f"127.0.0.1:{d.http}" for d in self.daemons.values() if d.stage == "ingest" and d.wanted]
