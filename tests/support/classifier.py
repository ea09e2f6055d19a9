"""An instance of classify beside the stack's, or in its place, with a configuration of its own."""
import os
import signal
import subprocess

import outside as o


class Instance:
    """`more`: YAML behind what config/classify.yaml says. It ends with whoever started it."""

    def __init__(self, folder, more=""):
        self.folder = folder
        self.port, self.admin = o.free_ports(2)
        self.url, self.admin_url = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.admin}"
        self.process = None
        self.config = os.path.join(folder, "classify.yaml")
        with open(os.path.join(o.ROOT, "config", "classify.yaml"), encoding="utf-8") as file:
            text = file.read().replace(": ../models/", f": {o.ROOT}/models/")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text + more)

    def start(self):
        binary = os.path.join(os.environ.get("GREENLANE_BUILD") or os.path.join(o.ROOT, "build"), "bin", "greenlane-classify")
        command = [binary, "--config", self.config, "--set", f"classify.listen=127.0.0.1:{self.port}",
                   "--set", f"admin.listen=127.0.0.1:{self.admin}", "--set", f"stage.state_dir={self.folder}/state"]
        with open(os.path.join(self.folder, "classify.log"), "ab") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], cwd=o.ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def metric(self, name, **labels):
        """0 while it does not answer."""
        try:
            return o.metric_at(self.admin_url, name, **labels)
        except OSError:
            return 0

    def reload(self):
        """After SIGHUP, until the configuration was read again; fails when it was refused."""
        name = "gl_config_reload_success_total"
        before = self.metric(name)
        self.process.send_signal(signal.SIGHUP)
        o.wait_for(lambda: self.metric(name) > before, "classify reads its configuration again", 30)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(40)
        o.check(code == 0, f"classify ended with {code} after SIGTERM")
