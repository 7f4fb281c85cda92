"""What watching costs: a scrape of the metrics, a console with many streams and orchestrators, and a trace per segment."""
import http.client
import json
import os
import threading
import time

from children import fetch, free_port, wait_until
from gateway import Gateway
from play import Play
from row import Row, percentile

STREAMS = 200
PROFILES = "P144p30fps16x9,P240p30fps16x9,P360p30fps16x9,P576p30fps16x9"
ORCHESTRATORS = 500
PAGE_LIMIT = 300_000


def publish(children, run, gateway, streams):
    """One program publishes to all of them: a small picture, encoded once."""
    publisher = children.start([
        run.binary, "publish", "--streams", str(streams), "--size", "160x90", "--fps", "10", "--gop", "20", "--bitrate", "60k",
        gateway.publish_url("m")])
    wait_until(lambda: sum(s["isLive"] for s in gateway.status()["streams"]) == streams, 60, f"{streams} streams live")
    return publisher


def play(children, run, count):
    """Orchestrators that answer at once, on real ports; their addresses."""
    scenario = os.path.join(run.folder, f"desk-{count}.yaml")
    with open(scenario, "w") as file:
        file.write(
            "about: Many that are well.\nduration: 60m\nstreams:\n"
            "  - {count: 1, segmentDuration: 2s, bitrate: 60k, renditions: [160x90@10/60k]}\norchestrators:\n"
            f"  - {{name: o, count: {count}, price: 1000, service: {{pixelsPerSecond: 2G, lanes: 64}}, "
            "network: {roundTrip: 2ms, bandwidth: 1Gbit}}\n")
    return Play(children, run.binary, run.folder, scenario).uris


def scrape(children, run):
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


def watch(port, seconds, gaps, sizes):
    """What a console listens to: when each overview came, and how large it was."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    link.request("GET", "/api/v1/events?overview=on")
    answer = link.getresponse()
    last, is_overview, end = None, False, time.monotonic() + seconds
    while time.monotonic() < end:
        line = answer.readline()
        if line.startswith(b"event: "):
            is_overview = line.strip() == b"event: overview"
        elif line.startswith(b"data: ") and is_overview:
            now = time.monotonic()
            if last is not None:
                gaps.append(now - last)
            last = now
            sizes.append(len(line))
    link.close()


def console(children, run):
    # One play takes 256.
    uris = play(children, run, ORCHESTRATORS // 2) + play(children, run, ORCHESTRATORS // 2)
    settings = "orchestrators:\n" + "".join(f'  - "{uri}"\n' for uri in uris)
    gateway = Gateway(children, run.binary, run.folder, profiles="P144p30fps16x9", settings=settings)
    publish(children, run, gateway, STREAMS)
    seconds = 10 if run.quick else 30
    time.sleep(seconds)

    def share():
        before, began = gateway.cpu(), time.monotonic()
        time.sleep(seconds)
        return (gateway.cpu() - before) / (time.monotonic() - began)

    alone = share()
    gaps, sizes = [], []
    listener = threading.Thread(target=watch, args=(gateway.admin, seconds + 2, gaps, sizes))
    listener.start()
    time.sleep(1)
    watched = share()
    listener.join()
    names = ["", "console.css"] + [
        name + ".js" for name in ("desk", "decisions", "feed", "fleet", "format", "promise", "streams", "waterfall")]
    page = sum(len(fetch(f"http://127.0.0.1:{gateway.admin}/console/{name}")) for name in names)
    cost, gap = watched - alone, percentile(gaps, 0.9)
    return [Row(
        f"console, {STREAMS} streams and {ORCHESTRATORS} orchestrators", "page ≤ 300 kB, an overview each second, ≤ 2 % of a core",
        f"page {page // 1000} kB, overview of {max(sizes) // 1000} kB every {gap:.2f} s at p90, {cost * 100:.1f} % of a core "
        f"({alone * 100:.1f} % without a listener)", page <= PAGE_LIMIT and gap <= 1.1 and cost <= 0.02)]


def traces(children, run):
    """The gateway's CPU with and without a collector; one that is not there costs nothing either."""
    streams, seconds = 100, 10 if run.quick else 30
    results = {}
    for name in ("none", "collector", "absent"):
        uris = play(children, run, 20)
        collector = Collector() if name == "collector" else None
        port = collector.port if collector else free_port()
        settings = "" if name == "none" else f"traces: {{endpoint: 'http://127.0.0.1:{port}'}}\n"
        gateway = Gateway(children, run.binary, run.folder, profiles="P144p30fps16x9", orchestrators=uris, settings=settings)
        publisher = publish(children, run, gateway, streams)
        time.sleep(seconds / 2)
        before, began = gateway.cpu(), time.monotonic()
        time.sleep(seconds)
        results[name] = (gateway.cpu() - before) / (time.monotonic() - began) * 100
        if collector:
            spans = gateway.metric("sluice_trace_spans_total") / (seconds * 1.5)
        children.stop(publisher)
        gateway.stop()
        if collector:
            collector.close()
    cost, absent = results["collector"] - results["none"], results["absent"] - results["none"]
    return [Row(
        f"a trace per segment at {streams} streams", "≤ 1 % of a core; an absent collector nothing",
        f"{cost:.1f} % of a core for {spans:.0f} spans a second, absent {absent:.1f} % ({results['none']:.1f} % without traces)",
        cost <= 1 and absent <= 0.5)]


class Collector:
    """Takes whatever comes, in a thread of this program."""

    def __init__(self):
        import http.server

        class Taking(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()


def measure(children, run):
    rows = []
    for figure in (scrape, console, traces):
        try:
            rows += figure(children, run)
        except Exception as error:  # one figure's fault does not cost the others
            rows.append(Row(figure.__name__, "", f"not measured: {error}", None))
        # The programs of one figure do not stand in the way of the next.
        for child in list(children.running):
            children.stop(child)
    return rows
