"""One gateway under measurement, on ports of its own."""
import json
import os

from children import answers, cpu_seconds, fetch, free_port, resident_bytes, wait_until


class Role:
    """What both roles share: the process, its admin port, its CPU and memory."""

    def launch(self, children, command, log_path):
        self.children = children
        self.log = log_path
        with open(log_path, "w") as log:
            self.process = children.start(command, log)
        admin = f"http://127.0.0.1:{self.admin}"
        try:
            wait_until(lambda: self.process.poll() is not None or answers(admin + "/healthz"), 20, "start")
            alive = self.process.poll() is None
        except RuntimeError:
            alive = False
        if not alive:
            with open(log_path) as log:
                raise RuntimeError(f"{command[1]} did not start: {log.read()[-400:]}")

    def status(self):
        return json.loads(fetch(f"http://127.0.0.1:{self.admin}/status"))

    def metric(self, name):
        """The sum over all series of that name."""
        total = 0.0
        for line in fetch(f"http://127.0.0.1:{self.admin}/metrics").decode().splitlines():
            if line.startswith((name + " ", name + "{")):
                total += float(line.rsplit(" ", 1)[1])
        return total

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def memory(self):
        return resident_bytes(self.process.pid)

    def stop(self):
        self.children.stop(self.process)


class Gateway(Role):
    def __init__(self, children, binary, folder, profiles="none", orchestrators=(), settings=""):
        """settings: further lines of its file. profiles: None for those of the file."""
        self.rtmp, self.http, self.admin = free_port(), free_port(), free_port()
        self.config = os.path.join(folder, f"gateway-{self.admin}.yaml")
        with open(self.config, "w") as file:
            file.write("maxStreams: 500\n" + settings)
        command = [
            binary, "gateway", "--config", self.config, "--rtmp-port", str(self.rtmp), "--http-port", str(self.http),
            "--admin-port", str(self.admin), "--log-level", "warning"]
        if profiles is not None:
            command += ["--profiles", profiles]
        for orchestrator in orchestrators:
            command += ["--orchestrator", orchestrator]
        self.launch(children, command, os.path.join(folder, f"gateway-{self.admin}.log"))

    def publish_url(self, name):
        return f"rtmp://127.0.0.1:{self.rtmp}/live/{name}"

    def stream(self, name):
        return next((stream for stream in self.status()["streams"] if stream["id"] == name), None)

    def orchestrators(self):
        return self.status()["orchestrators"]

    def decisions(self, stream):
        """Those it still has, oldest first; none of a stream that it does not know."""
        try:
            return json.loads(fetch(f"http://127.0.0.1:{self.admin}/routing/decisions?stream={stream}"))
        except OSError:
            return []
