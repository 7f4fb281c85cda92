"""A scenario's orchestrators, played on real ports by a process of their own."""
import json
import os
import time
import urllib.request

from children import fetch, wait_until


class Play:
    """`sluice orchestrator --script`; nothing goes wrong before `begin`."""

    def __init__(self, children, binary, folder, scenario, options=()):
        self.children = children
        ready = os.path.join(folder, f"ready-{time.monotonic_ns()}.json")
        log_path = ready.replace(".json", ".log")
        with open(log_path, "w") as log:
            self.process = children.start(
                [binary, "orchestrator", "--script", scenario, "--wait", "--port", "0", "--admin-port", "0", "--ready-file", ready,
                 "--log-level", "warning", *options], log)
        wait_until(lambda: self.process.poll() is not None or os.path.exists(ready), 20, "the play starts")
        if self.process.poll() is not None:
            with open(log_path) as log:
                raise RuntimeError(f"the play did not start: {log.read()[-400:]}")
        with open(ready) as file:
            self.ready = json.load(file)

    @property
    def uris(self):
        return [orchestrator["uri"] for orchestrator in self.ready["orchestrators"]]

    @property
    def streams(self):
        return self.ready["streams"]

    def begin(self):
        urllib.request.urlopen(urllib.request.Request(self.ready["admin"] + "/begin", method="POST"), timeout=5).read()

    def tally(self):
        """What each orchestrator has done so far, by name."""
        status = json.loads(fetch(self.ready["admin"] + "/status"))
        return {orchestrator["name"]: orchestrator["tally"] for orchestrator in status["orchestrators"]}

    def stop(self):
        self.children.stop(self.process)


def wait_until_found(gateway, count):
    """Until the gateway has an answer of every orchestrator."""
    wait_until(
        lambda: sum(one["isReachable"] for one in gateway.orchestrators()) == count, 20, f"{count} orchestrators found")
