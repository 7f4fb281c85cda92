"""Row 3: what the gateway adds to a segment's way, against an orchestrator in a process of its own that answers at once, over TLS."""
import os
import time

import material
from chaos.scenarios import SHIPPED
from gateway import Gateway
from play import Play, wait_until_found
from row import Row, latency, percentile


def measure(children, run):
    wanted = 10 if run.quick else 50
    source = material.make(run.folder, 8, "flv")
    play = Play(children, run.binary, run.folder, os.path.join(SHIPPED, "answer-at-once.yaml"))
    gateway = Gateway(
        children, run.binary, run.folder, profiles="P240p30fps16x9,P360p30fps16x9", orchestrators=play.uris)
    wait_until_found(gateway, 1)
    publisher = children.start(material.publish(source, gateway.publish_url("share")))
    shares = {}
    end = time.monotonic() + wanted * 2 + 20
    while len(shares) < wanted and time.monotonic() < end:
        time.sleep(2)
        for segment in (gateway.stream("share") or {"segments": []})["segments"]:
            if segment.get("publishedMs") is not None:
                shares[segment["sequence"]] = segment["publishedMs"]
    children.stop(publisher)
    gateway.stop()
    play.stop()
    if not shares:
        raise RuntimeError("no segment came back")
    milliseconds = list(shares.values())
    passed = percentile(milliseconds, 0.5) <= 5 and percentile(milliseconds, 0.99) <= 20
    return [Row(
        "gateway's share of a segment's way, against an orchestrator that answers at once", "p50 ≤ 5 ms, p99 ≤ 20 ms",
        latency(milliseconds), passed)]
