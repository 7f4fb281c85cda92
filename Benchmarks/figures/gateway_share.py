"""Row 3: what the gateway and the wire add to a segment's way.

There is no orchestrator that answers at once among the binaries, so ours works for real and its own time, by its own metrics,
is taken off segment by segment: an upper bound of the gateway's share, the TLS hop included.
"""
import time

import material
from gateway import Gateway, Orchestrator
from row import Row, latency, percentile

TRANSCODE = "sluice_orchestrator_transcode_seconds"


def measure(children, run):
    wanted = 10 if run.quick else 50
    source = material.make(run.folder, 8, "flv")
    orchestrator = Orchestrator(children, run.binary, run.folder)
    gateway = Gateway(
        children, run.binary, run.folder, profiles="P240p30fps16x9,P360p30fps16x9", orchestrator=orchestrator.uri)
    publisher = children.start(material.publish(source, gateway.publish_url("share")))
    shares, done, total, previous = [], 0, 0.0, -1
    end = time.monotonic() + wanted * 2 + 20
    while len(shares) < wanted and time.monotonic() < end:
        time.sleep(0.2)
        count, worked = orchestrator.metric(TRANSCODE + "_count"), orchestrator.metric(TRANSCODE + "_sum")
        stream = gateway.stream("share")
        ready = [one for one in (stream or {"segments": []})["segments"] if one.get("publishedMs") is not None]
        newest = ready[-1] if ready else None
        if newest is None or newest["sequence"] <= previous:
            continue
        # Only where exactly one segment was finished on both sides since the last look do the two belong together.
        if count == done + 1 and newest["sequence"] == previous + 1:
            shares.append(newest["publishedMs"] - (worked - total) * 1000)
        previous, done, total = newest["sequence"], count, worked
    children.stop(publisher)
    gateway.stop()
    orchestrator.stop()
    if not shares:
        raise RuntimeError("no segment came back")
    passed = percentile(shares, 0.5) <= 5 and percentile(shares, 0.99) <= 20
    return [Row("gateway's share of a segment's way (orchestrator's own time off)", "p50 ≤ 5 ms, p99 ≤ 20 ms", latency(shares), passed)]
