"""What the figures of the operator's desk share: many small streams, and many orchestrators that answer at once."""
import os

from children import wait_until
from play import Play

STREAMS = 200


def publish(children, run, gateway, streams):
    """One program publishes to all of them: a small picture, encoded once."""
    publisher = children.start([
        run.binary, "publish", "--streams", str(streams), "--size", "160x90", "--fps", "10", "--gop", "2", "--bitrate", "60k",
        gateway.publish_url("m")])
    wait_until(lambda: sum(s["isLive"] for s in gateway.status()["streams"]) == streams, 60, f"{streams} streams live")
    return publisher


def play(children, run, count):
    """Orchestrators that answer at once, on real ports; their addresses."""
    scenario = os.path.join(run.folder, f"desk-{count}.yaml")
    with open(scenario, "w") as file:
        file.write(
            "about: Many that are well.\nduration: 60m\nstreams:\n"
            "  - {count: 1, segmentDuration: 2s, bitrate: 60k, renditions: [160x90@10/60k]}\norchestrators:\n"
            f"  - {{name: o, count: {count}, price: 1000, service: {{pixelsPerSecond: 2G, lanes: 64}}, "
            "network: {roundTrip: 2ms, bandwidth: 1Gbit}}\n")
    return Play(children, run.binary, run.folder, scenario).uris
