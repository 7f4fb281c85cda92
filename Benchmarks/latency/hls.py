"""Ordinary HLS of the source, segments of 2 s: age of the newest frame when a segment arrives; the same at nginx."""
from children import wait_until
from latency import viewing
from latency.servers import both
from row import Row


def measure(children, run):
    reports = {}
    for peer in both(children, run, hls=True):
        publisher = viewing.publish(children, run, peer.publish_url("a"))
        wait_until(lambda: viewing.is_there(peer.hls_url("a")), 30, "the playlist")
        reports[peer.name] = viewing.measure(run, [peer.hls_url("a")], seconds=10 if run.quick else 30, settle=6)
        children.stop(publisher)
    age, other = (reports[name]["targets"][0]["lastFrameAges"] for name in ("sluice", "nginx-rtmp"))
    return [
        Row(
            "HLS source: age of a segment's last frame; viewers ask every second", "p50 at most 0.5 s over nginx-rtmp's",
            f"{viewing.ages(age)}; nginx-rtmp {viewing.ages(other)}", age["p50"] <= other["p50"] + 500)
    ]
