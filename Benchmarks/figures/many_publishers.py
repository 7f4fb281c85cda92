"""Row 5: 100 publishers with segmenting and no transcoding: CPU and memory of the gateway."""
import time

import material
from children import wait_until
from gateway import Gateway
from row import Row

STREAMS = 100
SECONDS = 30


def measure(children, run):
    source = material.make(run.folder, 8, "flv")
    # The row is of segmenting; packaging for low latency keeps a window of its own.
    gateway = Gateway(children, run.binary, run.folder, settings="lowLatency:\n  partMs: 0\n")
    base = gateway.memory()
    publishers = []
    for index in range(STREAMS):
        publishers.append(children.start(material.publish(source, gateway.publish_url(f"m{index}"))))
        time.sleep(0.05)  # spread over a GOP and more, as life does
    wait_until(lambda: len(gateway.status()["streams"]) == STREAMS, 60, f"{STREAMS} streams live")
    time.sleep(5 if run.quick else 20)  # until every playlist's window is full
    before, began = gateway.cpu(), time.monotonic()
    time.sleep(SECONDS / 3 if run.quick else SECONDS)
    share = (gateway.cpu() - before) / (time.monotonic() - began)
    each = (gateway.memory() - base) / STREAMS / 1e6
    alive = sum(publisher.poll() is None for publisher in publishers)
    for publisher in publishers:
        publisher.terminate()
    for publisher in publishers:
        children.stop(publisher)
    gateway.stop()
    return [
        Row(
            f"{STREAMS} RTMP publishers, segmenting only", "CPU ≤ 10 % of a core, ≤ 4 MB a stream",
            f"CPU {share * 100:.1f} %, {each:.1f} MB a stream, {alive} alive",
            share <= 0.10 and each <= 4 and alive == STREAMS)
    ]
