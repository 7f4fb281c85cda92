"""LL-HLS of the source by parts: age of a part's last frame with 1 and 200 viewers, CPU for each request."""
from children import wait_until
from latency import viewing
from latency.servers import Sluice
from row import Row

# p50 and p99 in ms by viewers: what issue 4 asks for.
REACH = {1: (5, 15), 200: (20, 45)}


def measure(children, run):
    gateway = Sluice(children, run)
    viewing.publish(children, run, gateway.publish_url("a"))
    url = gateway.low_latency_url("a")
    try:
        wait_until(lambda: viewing.is_there(url), 15, "LL-HLS")
    except RuntimeError:
        return []  # not offered yet
    rows = []
    for viewers, (middle, late) in REACH.items():
        report = viewing.measure(run, [url], viewers=viewers, seconds=5 if run.quick else 20, pid=gateway.pid)
        target = report["targets"][0]
        age = target["lastFrameAges"]
        rows.append(
            Row(
                f"LL-HLS source: age of a part's last frame on arrival, {viewing.count(viewers)}", f"p50 ≤ {middle} ms, p99 ≤ {late} ms",
                f"{viewing.ages(age)}, {target['requestsPerSecond']:.0f} requests/s, {viewing.server(report)}, {target['failures']} failures",
                age["p50"] <= middle and age["p99"] <= late and target["failures"] == 0))
    each = report["server"]["cpuMicrosecondsPerRequest"]
    rows.append(Row("CPU for an LL-HLS request at 200 viewers", "≤ 40 µs", f"{each:.1f} µs, ingest and packaging included", each <= 40))
    gateway.stop()
    return rows
