"""An orchestrator is killed while it has a segment in a stage, a hundred times for each stage, live."""
import http.client
import json
import os
import threading

import material
from children import fetch
from gateway import Gateway
from play import Play, wait_until_found
from pusher import push
from row import Row

STAGES = ("upload", "transcode", "download")
STREAMS = 6
# Before the kill, so that the gateway knows its orchestrators; after it, so that its end is seen.
BEFORE, AFTER = 3, 3
# A kill that finds no segment in its stage is none.
MOST_TRIALS = 1.5
SECONDS = 2
PROFILES = json.dumps({"profiles": [
    {"name": f"p{height}", "width": width, "height": height, "fps": 30, "bitrate": bitrate}
    for width, height, bitrate in ((640, 360, 800_000), (426, 240, 400_000))]})

SCENARIO = """
about: One of three is killed while it has a segment in this stage, and does not come back.
streams:
  - {{count: {streams}, bitrate: 2.5Mbit}}
orchestrators:
  - name: victim
    network: {{roundTrip: 15ms}}
    faults:
      - {{kind: crash, during: {stage}, at: 0s}}
  - name: second
    network: {{roundTrip: 15ms}}
  - name: third
    network: {{roundTrip: 15ms}}
"""


def measure(children, run, kills):
    return [of_stage(children, run, stage, kills) for stage in STAGES]


def of_stage(children, run, stage, kills):
    scenario = os.path.join(run.folder, f"kill-{stage}.yaml")
    with open(scenario, "w") as file:
        file.write(SCENARIO.format(stage=stage, streams=STREAMS))
    pieces = material.segments(run.folder, SECONDS, 2_500_000)
    done, trials, lost, disordered, late, worst = 0, 0, 0, 0, 0, 0
    while done < kills and trials < kills * MOST_TRIALS + 5:
        trials += 1
        outcome = trial(children, run, scenario, stage, pieces)
        if outcome is None:
            continue
        done += 1
        lost += outcome["lost"]
        disordered += outcome["disordered"]
        late += outcome["late"]
        worst = max(worst, outcome["late"])
    return Row(
        f"orchestrator killed during {stage}, {kills} times", "none lost, order kept, at most one segment late each time",
        f"{done} kills among {done * STREAMS * (BEFORE + AFTER)} segments: {lost} lost, {disordered} playlists out of order, "
        f"{late} late in all, at most {worst} at a kill",
        done == kills and lost == 0 and disordered == 0 and worst <= 1)


def trial(children, run, scenario, stage, pieces):
    """None when the victim had no segment in that stage."""
    play = Play(children, run.binary, run.folder, scenario)
    gateway = Gateway(children, run.binary, run.folder, orchestrators=play.uris)
    try:
        wait_until_found(gateway, len(play.uris))
        connections = [http.client.HTTPConnection("127.0.0.1", gateway.http, timeout=30) for _ in range(STREAMS)]
        statuses = []
        for sequence in range(BEFORE + AFTER):
            if sequence == BEFORE:
                play.begin()
            threads = [
                threading.Thread(target=lambda index=index: statuses.append(push(
                    connections[index], f"/live/k{index}/{sequence}.ts", pieces[sequence % len(pieces)], SECONDS * 1000, PROFILES)))
                for index in range(STREAMS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        for connection in connections:
            connection.close()
        if play.tally()["victim"]["kills"][stage] != 1:
            return None
        decisions = [one for index in range(STREAMS) for one in gateway.decisions(f"k{index}")]
        disordered = sum(not is_in_order(gateway, f"k{index}", name) for index in range(STREAMS) for name in ("p360", "p240"))
        return {
            "lost": sum(status != 200 for status in statuses) + STREAMS * (BEFORE + AFTER) - len(statuses),
            "disordered": disordered, "late": sum(one["isMissed"] for one in decisions)}
    finally:
        gateway.stop()
        play.stop()


def is_in_order(gateway, stream, rendition):
    text = fetch(f"http://127.0.0.1:{gateway.http}/stream/{stream}/{rendition}.m3u8").decode()
    names = [line for line in text.splitlines() if line and not line.startswith("#")]
    wanted = [f"{rendition}/{sequence}.ts" for sequence in range(BEFORE + AFTER)]
    return "#EXT-X-GAP" not in text and names == wanted[-len(names):] and len(names) == len(wanted)
