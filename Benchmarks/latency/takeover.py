"""The orchestrator of a stream is killed, or stopped, in the middle of a segment: what a viewer of a rendition's parts sees of it."""
import os
import re
import signal
import time

from children import fetch, free_port, signal_group, wait_until
from gateway import Role
from latency import viewing
from latency.servers import Sluice
from row import Row

RENDITION = "P360p30fps16x9"
PART = re.compile(r'#EXT-X-PART:.*URI="([^"]*)"')


class Orchestrator(Role):
    def __init__(self, children, run):
        self.port, self.admin = free_port(), free_port()
        self.uri = f"https://127.0.0.1:{self.port}"
        self.launch(
            children, [run.binary, "orchestrator", "--port", str(self.port), "--admin-port", str(self.admin), "--service-uri", self.uri],
            os.path.join(run.folder, f"orchestrator-{self.port}.log"))


class Parts:
    """The parts that a playlist has listed, when each was seen, and which are gaps."""

    def __init__(self, url):
        self.url, self.seen, self.gaps, self.open = url, {}, set(), 0

    def look(self):
        text = fetch(self.url).decode()
        for line in text.splitlines():
            if found := PART.match(line):
                self.seen.setdefault(found[1], time.monotonic())
                if "GAP=YES" in line:
                    self.gaps.add(found[1])
        self.open = len(PART.findall(text.rsplit("#EXTINF", 1)[-1]))

    def follow(self, seconds, until=lambda: False):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            self.look()
            time.sleep(0.01)

    def longest_wait(self, since):
        times = [since] + sorted(seen for seen in self.seen.values() if seen > since)
        return max((after - before for before, after in zip(times, times[1:])), default=float("inf"))


def trial(children, run, number):
    """How long viewers waited for a part at the most, the gaps, and whether any name was listed for anything else."""
    orchestrators = [Orchestrator(children, run) for _ in range(2)]
    gateway = Sluice(children, run, profiles=RENDITION, orchestrators=[one.uri for one in orchestrators])
    try:
        wait_until(lambda: sum(one["isReachable"] for one in gateway.orchestrators()) == 2, 20, "orchestrators")
        publisher = viewing.publish(children, run, gateway.publish_url("a"))
        url = gateway.low_latency_url("a", RENDITION)
        wait_until(lambda: viewing.is_there(url), 20, "rendition")
        parts = Parts(url)
        parts.follow(6)
        parts.follow(4, until=lambda: parts.open == 4)
        victim = next(one for one in orchestrators if one.uri == gateway.decisions("a")[-1]["attempts"][-1]["orchestrator"])
        signal_group(victim.process, number)
        struck = time.monotonic()
        parts.follow(6)
        takeovers = gateway.metric("sluice_renditions_taken_over_total")
        children.stop(publisher)
        if number == signal.SIGSTOP:
            signal_group(victim.process, signal.SIGCONT)
        return parts.longest_wait(struck), len(parts.gaps), takeovers
    finally:
        gateway.stop()
        for one in orchestrators:
            one.stop()


def measure(children, run):
    rows = []
    for word, number in (("killed", signal.SIGKILL), ("stopped", signal.SIGSTOP)):
        trials = [trial(children, run, number) for _ in range(1 if run.quick else 5)]
        waits = sorted(wait for wait, _, _ in trials)
        gaps = sum(gaps for _, gaps, _ in trials)
        rows.append(
            Row(
                f"orchestrator {word} in the middle of a segment, another one there: parts of the rendition", "go on within a segment",
                f"longest wait for a part {waits[len(waits) // 2] * 1000:.0f} ms, at most {waits[-1] * 1000:.0f} ms; {gaps} parts missing in "
                f"{len(trials)} trials, {sum(takeovers for _, _, takeovers in trials):.0f} taken over",
                waits[-1] <= 2))
    return rows
