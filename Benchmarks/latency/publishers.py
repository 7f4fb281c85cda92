"""100 publishers from one process, no viewers: CPU and memory of the server; the same at nginx."""
import time

from latency import viewing
from latency.servers import both
from row import Row


def measure(children, run):
    streams = 20 if run.quick else 100
    figures = {}
    for peer in both(children, run):
        base = peer.memory()
        publisher = viewing.publish(children, run, peer.publish_url("p"), "--streams", str(streams))
        time.sleep(5 if run.quick else 20)
        before, began = peer.cpu(), time.monotonic()
        time.sleep(5 if run.quick else 20)
        share = (peer.cpu() - before) / (time.monotonic() - began)
        if publisher.poll() is not None:
            raise RuntimeError(f"the publishers ended at {peer.name}")
        figures[peer.name] = (share, (peer.memory() - base) / streams / 1e6)
        children.stop(publisher)
    words = "; ".join(f"{name} CPU {share * 100:.1f} %, {each:.2f} MB a stream" for name, (share, each) in figures.items())
    # nginx-rtmp only relays here; our gateway cuts every stream into segments, too.
    return [Row(f"{streams} RTMP publishers, no viewers", "CPU ≤ 10 % of a core", words, figures["sluice"][0] <= 0.1)]
