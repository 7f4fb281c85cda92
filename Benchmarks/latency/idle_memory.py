"""Memory of a 720p LL-HLS stream that nobody watches."""
import time

from children import wait_until
from latency import viewing
from latency.servers import Sluice
from row import Row


def measure(children, run):
    streams = 10 if run.quick else 50
    gateway = Sluice(children, run)
    base = gateway.memory()
    viewing.publish(children, run, gateway.publish_url("p"), "--streams", str(streams))
    try:
        wait_until(lambda: viewing.is_there(gateway.low_latency_url("p0")), 15, "LL-HLS")
    except RuntimeError:
        return []  # not offered yet
    time.sleep(10 if run.quick else 30)  # until every window is full
    each = (gateway.memory() - base) / streams / 1e6
    gateway.stop()
    return [Row(f"memory of an idle 720p LL-HLS stream ({streams} streams)", "≤ 3 MB", f"{each:.1f} MB", each <= 3)]
