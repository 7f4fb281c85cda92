"""Renditions of an embedded orchestrator: how much older a part's or segment's last frame is than the source's."""
from children import wait_until
from latency import viewing
from latency.servers import Sluice
from row import Row

RENDITIONS = {"P360p30fps16x9": "360p", "P240p30fps16x9": "240p"}


def measure(children, run):
    gateway = Sluice(children, run, profiles=",".join(RENDITIONS))
    viewing.publish(children, run, gateway.publish_url("a"))
    rows = []
    for kind, address, settle, reach in (
            ("HLS", gateway.hls_url, 8, None), ("LL-HLS", gateway.low_latency_url, 4, 120)):
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
                f"{kind} renditions, embedded orchestrator: age of the last frame over the source's, p50",
                f"≤ {reach} ms" if reach else "–", f"{words} (source {source['p50']:.0f} ms)", reach is None or max(over) <= reach))
    gateway.stop()
    return rows
