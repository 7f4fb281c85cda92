"""Rows 1 and 2: three publishers at once; how fast a cut segment stands in the playlist, and whether every GOP appears."""
import time

import material
from children import fetch
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
    times, listed = {}, {}
    end = time.monotonic() + GOP_SECONDS * gops + 30

    def note():
        for stream in gateway.status()["streams"]:
            for segment in stream["segments"]:
                if segment.get("sourcePublishedMs") is not None:
                    times[stream["id"], segment["sequence"]] = segment["sourcePublishedMs"]
        for index in range(PUBLISHERS):
            try:
                read_playlist(f"http://127.0.0.1:{gateway.http}/stream/s{index}/source.m3u8", listed)
            except OSError:
                pass  # not there before the first segment

    while any(publisher.poll() is None for publisher in publishers) and time.monotonic() < end:
        note()
        time.sleep(1)
    time.sleep(0.5)
    note()
    gateway.stop()
    if not times:
        raise RuntimeError("no segment appeared")
    milliseconds = list(times.values())
    fast = percentile(milliseconds, 0.5) <= 5 and percentile(milliseconds, 0.99) <= 10
    wanted = PUBLISHERS * gops
    return [
        Row("closing frame → source playlist", "p50 ≤ 5 ms, p99 ≤ 10 ms", latency(milliseconds), fast),
        Row(
            "every GOP published appears", f"{wanted} of {wanted}",
            f"{len(listed)} of {wanted}, {sum(listed.values()):.1f} s of media", len(listed) == wanted),
    ]


def read_playlist(url, listed):
    """Adds each segment that the playlist holds: its duration by its address. Gaps do not count."""
    duration, is_gap = 0.0, False
    for line in fetch(url).decode().splitlines():
        if line.startswith("#EXTINF:"):
            duration = float(line[8:].split(",")[0])
        elif line.startswith("#EXT-X-GAP"):
            is_gap = True
        elif line and not line.startswith("#"):
            if not is_gap:
                listed[url, line] = duration
            is_gap = False
