"""Row 6: one RTMP publisher, 200 RTMP viewers: CPU of the gateway, and how old a frame is at each viewer.

Age: from the arrival of a message at the first viewer to have it, to its arrival at each. What this program itself needs to read
200 connections is in the figure, so the truth is better, never worse.
"""
import selectors
import time

import material
from children import wait_until
from gateway import Gateway
from row import Row, percentile
from rtmp_viewer import VIDEO, Viewer

VIEWERS = 200
SECONDS = 20
# The publisher's first key frame brings each viewer what came before; those old frames are no measure.
SETTLE = 4


def measure(children, run):
    source = material.make(run.folder, 8, "flv")
    gateway = Gateway(children, run.binary, run.folder)
    children.start(material.publish(source, gateway.publish_url("watched")))
    wait_until(lambda: gateway.stream("watched"), 20, "the stream is live")
    chooser, viewers = selectors.DefaultSelector(), []
    for _ in range(VIEWERS):
        viewer = Viewer(gateway.rtmp, "live", "watched")
        viewers.append(viewer)
        chooser.register(viewer.socket, selectors.EVENT_READ, viewer)
    watch(chooser, SETTLE)
    before, began = gateway.cpu(), time.monotonic()
    first, ages, lost = watch(chooser, SECONDS / 2 if run.quick else SECONDS)
    share = (gateway.cpu() - before) / (time.monotonic() - began)
    for viewer in viewers:
        viewer.close()
    gateway.stop()
    if not ages:
        raise RuntimeError(f"no frame reached a viewer ({lost} connections lost)")
    age = percentile(ages, 0.99)
    each = len(ages) / max(1, len(first)) / VIEWERS
    return [
        Row(
            f"RTMP 1 → {VIEWERS} viewers", "CPU ≤ 15 % of a core, frame age p99 ≤ 20 ms",
            f"CPU {share * 100:.1f} %, age p99 {age:.1f} ms, {each * 100:.1f} % of frames everywhere, {lost} lost",
            share <= 0.15 and age <= 20 and lost == 0 and each > 0.98)
    ]


def watch(chooser, seconds):
    """(arrival of each video message at its first viewer, ages in ms over all viewers, connections lost)."""
    first, ages, lost = {}, [], 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for key, _ in chooser.select(timeout=0.5):
            try:
                messages = key.data.receive()
            except BlockingIOError:
                continue
            except ConnectionError:
                chooser.unregister(key.fileobj)
                lost += 1
                continue
            now = time.monotonic()
            for kind, timestamp in messages:
                if kind == VIDEO:
                    ages.append((now - first.setdefault(timestamp, now)) * 1000)
    return first, ages, lost
