"""What a trace per segment costs, and a collector that is not there."""
import http.server
import threading
import time

from children import free_port
from figures.desk import play, publish
from gateway import Gateway
from row import Row, percentile

STREAMS = 100
COMPLAINT = "traces do not go out"


def measure(children, run):
    """Three gateways at the same time under the same load, so that what else the machine does is the same for all: without traces, with a
    collector, and with one that is not there."""
    window, windows = (5, 3) if run.quick else (20, 6)
    collector = Collector()
    endpoints = {"none": None, "collector": collector.port, "absent": free_port()}
    gateways = {}
    for name, port in endpoints.items():
        uris = play(children, run, 20)
        settings = f"traces: {{endpoint: 'http://127.0.0.1:{port}'}}\n" if port else ""
        gateways[name] = Gateway(children, run.binary, run.folder, profiles="P144p30fps16x9", orchestrators=uris, settings=settings)
        publish(children, run, gateways[name], STREAMS)
    time.sleep(window)
    shares = {name: [] for name in gateways}
    spans, began = gateways["collector"].metric("sluice_trace_spans_total"), time.monotonic()
    for _ in range(windows):
        before = {name: gateway.cpu() for name, gateway in gateways.items()}
        start = time.monotonic()
        time.sleep(window)
        seconds = time.monotonic() - start
        for name, gateway in gateways.items():
            shares[name].append((gateway.cpu() - before[name]) / seconds * 100)
    rate = (gateways["collector"].metric("sluice_trace_spans_total") - spans) / (time.monotonic() - began)
    said = sum(COMPLAINT in line for line in open(gateways["absent"].log))
    collector.close()

    def over(name):
        return percentile([with_traces - without for with_traces, without in zip(shares[name], shares["none"])], 0.5)

    cost, absent = over("collector"), over("absent")
    return [Row(
        f"a trace per segment at {STREAMS} streams", "≤ 1 % of a core; an absent collector nothing, said once",
        f"{cost:.1f} % of a core for {rate:.0f} spans a second, absent {absent:.1f} %, said {said} time{'s' * (said != 1)} "
        f"({percentile(shares['none'], 0.5):.1f} % without traces; medians of {windows} windows of three gateways side by side)",
        cost <= 1 and absent <= 0.5 and said == 1)]


class Collector:
    """Takes whatever comes, in a thread of this program."""

    def __init__(self):
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
