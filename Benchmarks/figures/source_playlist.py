"""Rows 1 and 2: three publishers at once; how fast a cut segment stands in the playlist, and whether every GOP appears."""
import time

import material
from gateway import Gateway
from row import Row, latency, percentile

PUBLISHERS = 3
GOP_SECONDS = 2


def measure(children, run):
    gops = 20 if run.quick else 67  # 3 × 67: the 200 segments of the reach
    exact = material.make(run.folder, GOP_SECONDS * gops, "flv")
    gateway = Gateway(children, run.binary, run.folder)
    publishers = [
        children.start(material.publish(exact, gateway.publish_url(f"s{index}"), loops=0)) for index in range(PUBLISHERS)]
    seen = {}
    end = time.monotonic() + GOP_SECONDS * gops + 30

    def note():
        for stream in gateway.status()["streams"]:
            for segment in stream["segments"]:
                if segment.get("sourcePublishedMs") is not None:
                    seen[stream["id"], segment["sequence"]] = (segment["sourcePublishedMs"], segment["durationMs"])

    while any(publisher.poll() is None for publisher in publishers) and time.monotonic() < end:
        note()
        time.sleep(1)
    time.sleep(0.5)
    note()
    gateway.stop()
    if not seen:
        raise RuntimeError("no segment appeared")
    times = [milliseconds for milliseconds, _ in seen.values()]
    fast = percentile(times, 0.5) <= 5 and percentile(times, 0.99) <= 10
    wanted = PUBLISHERS * gops
    media = sum(duration for _, duration in seen.values()) / 1000
    return [
        Row("closing frame → source playlist", "p50 ≤ 5 ms, p99 ≤ 10 ms", latency(times), fast),
        Row(
            "every GOP published appears", f"{wanted} of {wanted}", f"{len(seen)} of {wanted}, {media:.1f} s of media",
            len(seen) == wanted),
    ]
