"""Each scenario played live by a gateway and scripted orchestrators, and the same in the simulator, side by side."""
import json
import math
import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass

import material
from gateway import Gateway
from play import Play, wait_until_found
from pusher import Pusher
from row import percentile

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHIPPED = os.path.join(REPOSITORY, "config", "scenarios")
# Where in each scenario something happens within two minutes.
BEGINNINGS = {
    "calm": 0, "stall": 0, "crash": 130, "all-slow": 45, "busy": 85, "price-jump": 50, "mixed-gpu": 0, "flaky-network": 30,
}
AGREEMENT = 0.2
# A gateway keeps this many decisions of a stream.
KEPT = 64
SEEDS = 10
# As in the simulator: lost is what comes later than this many durations, and not before this.
LOST_AFTER, LOST_FLOOR_MS = 4, 8000


@dataclass
class Figures:
    segments: float
    p50: float
    p95: float
    misses: float
    lost: float
    # What one more run may differ by: half of the interval that holds 95 of 100.
    spread: dict


def compare(children, run, name, seconds, streams=None):
    """(live, simulated, notes) of a shipped scenario, from its telling moment on."""
    scenario = anonymous(run.folder, name)
    part = ["--from", f"{BEGINNINGS.get(name, 0)}s", "--duration", f"{seconds}s"]
    if streams:
        part += ["--streams", str(streams)]
    simulated = simulate(run, scenario, part)
    live, notes = play(children, run, scenario, part)
    return live, simulated, notes


def anonymous(folder, name):
    """Without what a gateway cannot know: operators, regions and GPUs are not told off-chain."""
    with open(os.path.join(SHIPPED, name + ".yaml")) as file:
        lines = [line for line in file if not re.match(r"\s+(operator|region|gpu):", line)]
    path = os.path.join(folder, name + ".yaml")
    with open(path, "w") as file:
        file.writelines(lines)
    return path


def simulate(run, scenario, part):
    figures = os.path.join(run.folder, "figures.json")
    subprocess.run(
        [run.binary, "simulate", scenario, "--policy", "default", "--seeds", str(SEEDS), "--json", figures, *part], check=True,
        capture_output=True)
    with open(figures) as file:
        policy = json.load(file)["policies"]["default"]
    # From the confidence of the mean to that of one more run; sums are those of all seeds.
    wider = math.sqrt(SEEDS + 1)
    confidence = policy["confidence"]
    return Figures(
        policy["segments"] / SEEDS, policy["p50Ms"], policy["p95Ms"], policy["misses"] / SEEDS, policy["lost"] / SEEDS,
        {"p50": confidence["p50Ms"] * wider, "p95": confidence["p95Ms"] * wider, "misses": confidence["misses"] * wider / SEEDS,
         "lost": confidence["lost"] * wider / SEEDS})


def play(children, run, scenario, part):
    stage = Play(children, run.binary, run.folder, scenario, part)
    gateway = Gateway(children, run.binary, run.folder, orchestrators=stage.uris)
    wait_until_found(gateway, len(stage.uris))
    pieces = {}
    for stream in stage.streams:
        key = stream["segmentMs"], stream["bitrate"]
        if key not in pieces:
            pieces[key] = material.segments(run.folder, stream["segmentMs"] / 1000, stream["bitrate"])
    pusher = Pusher(gateway.http, stage.streams, lambda stream: pieces[stream["segmentMs"], stream["bitrate"]])
    decisions = Decisions(gateway, stage.streams)
    stage.begin()
    with decisions:
        pusher.run()
        time.sleep(1)  # the answer of a push comes a moment before its decision is put down
    gateway.stop()
    stage.stop()
    expected = sum(stream["segments"] for stream in stage.streams)
    seen = list(decisions.seen.values())
    lengths = {stream["name"]: stream["segmentMs"] for stream in stage.streams}
    finishes = [finish(one, lengths[one["stream"]]) for one in seen]
    lost = sum(one.get("failure") is not None for one in seen)
    notes = []
    if len(seen) != expected:
        notes.append(f"{expected - len(seen)} of {expected} segments have no decision")
    failed = sum(status != 200 for status in pusher.statuses.values())
    if failed != lost:
        notes.append(f"{failed} pushes failed, {lost} segments were lost")
    if pusher.behind > 0.1:
        notes.append(f"pushes were up to {pusher.behind * 1000:.0f} ms late: this machine is too slow for it")
    save(run, scenario, seen)
    return Figures(
        expected, percentile(finishes, 0.5), percentile(finishes, 0.95), sum(one["isMissed"] for one in seen) + expected - len(seen),
        lost, {}), notes


def finish(decision, segment_ms):
    """A lost segment counts as the simulator counts it: to give up at once is not to finish soon."""
    if decision.get("failure") is None:
        return decision["finishMs"]
    return max(decision["giveUpMs"], LOST_FLOOR_MS, LOST_AFTER * segment_ms)


def save(run, scenario, seen):
    if run.keep:
        with open(os.path.join(run.keep, os.path.basename(scenario) + ".decisions.json"), "w") as file:
            json.dump(seen, file)


class Decisions:
    """Reads every decision of every stream before the gateway forgets it."""

    def __init__(self, gateway, streams):
        self.gateway, self.streams = gateway, streams
        self.seen = {}  # by (stream, sequence)
        self.over = threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.read()

    def watch(self):
        shortest = min(stream["segmentMs"] for stream in self.streams) / 1000
        while not self.over.wait(KEPT * shortest / 3):
            self.read()

    def read(self):
        for stream in self.streams:
            for decision in self.gateway.decisions(stream["name"]):
                self.seen[decision["stream"], decision["sequence"]] = decision


def verdict(live, simulated):
    """By figure: True within a fifth or within what chance does, which a note says."""
    verdicts = {}
    for figure in ("p50", "p95", "misses", "lost"):
        ours, theirs = getattr(live, figure), getattr(simulated, figure)
        difference = abs(ours - theirs)
        if difference <= AGREEMENT * theirs:
            verdicts[figure] = "yes"
        elif difference <= simulated.spread[figure]:
            verdicts[figure] = "by chance"
        else:
            verdicts[figure] = "NO"
    return verdicts


def table(results):
    """results: (name, live, simulated, notes) each."""
    lines = ["| scenario | segments | p50 live : simulated | p95 live : simulated | late live : simulated | lost live : simulated | agree |",
             "|---|---|---|---|---|---|---|"]
    for name, live, simulated, notes in results:
        verdicts = verdict(live, simulated)
        bad = [figure for figure, word in verdicts.items() if word == "NO"]
        chance = [figure for figure, word in verdicts.items() if word == "by chance"]
        word = "NO: " + ", ".join(bad) if bad else "yes" + (f" ({', '.join(chance)} within chance)" if chance else "")
        spread = simulated.spread
        lines.append(
            f"| {name} | {live.segments:.0f} | {live.p50:.0f} : {simulated.p50:.0f} ms | {live.p95:.0f} : {simulated.p95:.0f} ± {spread['p95']:.0f} ms "
            f"| {live.misses:.0f} : {simulated.misses:.1f} ± {spread['misses']:.1f} | {live.lost:.0f} : {simulated.lost:.1f} ± {spread['lost']:.1f} "
            f"| {word}{'; ' + '; '.join(notes) if notes else ''} |")
    return "\n".join(lines)
