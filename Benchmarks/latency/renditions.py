"""Renditions: how much older a part's or segment's last frame is than the source's, and how far behind the cut a segment is whole."""
from children import wait_until
from latency import viewing
from latency.servers import Sluice
from row import Row, latency, percentile

RENDITIONS = {"P360p30fps16x9": "360p", "P240p30fps16x9": "240p"}


def measure(children, run):
    gateway = Sluice(children, run, profiles=",".join(RENDITIONS))
    viewing.publish(children, run, gateway.publish_url("a"))
    rows = []
    for kind, part, address, settle, reach in (
            ("HLS", "segment", gateway.hls_url, 8, None), ("LL-HLS", "part", gateway.low_latency_url, 4, 120)):
        urls = [address("a", rendition) for rendition in ("source", *RENDITIONS)]
        try:
            wait_until(lambda: all(viewing.is_there(url) for url in urls), 20, "renditions")
        except RuntimeError:
            continue  # not offered yet
        report = viewing.measure(run, urls, seconds=10 if run.quick else 30, settle=settle, source=gateway.play_url("a"))
        source, *others = (target["lastFrameAges"] for target in report["targets"])
        over = [other["p50"] - source["p50"] for other in others]
        words = ", ".join(f"{name} +{more:.0f} ms" for name, more in zip(RENDITIONS.values(), over))
        rows.append(
            Row(
                f"{kind} rendition, embedded orchestrator: age of a {part}'s last frame over the source's, p50",
                f"≤ {reach} ms" if reach else "–", f"{words} (source {source['p50']:.0f} ms)", reach is None or max(over) <= reach))
    # The first segment of a stream comes whole.
    behind = [one["finishMs"] for one in gateway.decisions("a") if one.get("finishMs") and one["sequence"] > 0]
    gateway.stop()
    if behind:
        rows.append(
            Row(
                "last source byte in → last rendition byte out, 2 s of 720p30 → 360p + 240p, embedded orchestrator", "p50 ≤ 100 ms",
                latency(behind), percentile(behind, 0.5) <= 100))
    return rows
