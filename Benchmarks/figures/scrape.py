"""What a scrape of the metrics takes with many streams."""
import time

from children import fetch
from figures.desk import STREAMS, play, publish
from gateway import Gateway
from row import Row, percentile

PROFILES = "P144p30fps16x9,P240p30fps16x9,P360p30fps16x9,P576p30fps16x9"


def measure(children, run):
    uris = play(children, run, 20)
    gateway = Gateway(children, run.binary, run.folder, profiles=PROFILES, orchestrators=uris)
    publish(children, run, gateway, STREAMS)
    time.sleep(5 if run.quick else 15)
    times, text = [], b""
    for _ in range(20 if run.quick else 50):
        began = time.monotonic()
        text = fetch(f"http://127.0.0.1:{gateway.admin}/metrics")
        times.append((time.monotonic() - began) * 1000)
        time.sleep(0.1)
    lines = [line for line in text.decode().splitlines() if line and not line.startswith("#")]
    p50, p90 = percentile(times, 0.5), percentile(times, 0.9)
    return [Row(
        f"metrics scrape, {STREAMS} streams × 4 renditions, 20 orchestrators", "p50 ≤ 20 ms",
        f"p50 {p50:.1f} ms, p90 {p90:.1f} ms, {len(lines)} lines, {len(text) // 1000} kB", p50 <= 20)]
