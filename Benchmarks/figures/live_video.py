"""Issue 5: how soon a frame that comes by RTMP leaves on the trickle channel, and how soon the output goes on when a worker is killed."""
import importlib.util
import json
import os
import socket
import sys
import time

from children import fetch, free_port, wait_until
from gateway import Gateway, Role
from row import Row, percentile

HERE = os.path.dirname(__file__)
STUB = os.path.join(HERE, "..", "runners", "stamps.py")
ROOT = os.path.join(HERE, "..", "..")
REACH = (2.0, 8.0)


class Orchestrator(Role):
    def __init__(self, children, run, worker_port):
        self.port, self.admin = free_port(), free_port()
        path = os.path.join(run.folder, f"orchestrator-{self.port}.yaml")
        runner = {
            "label": "worker", "runner_url": f"http://127.0.0.1:{worker_port}", "health_url": "/health", "app": "live-video-to-video/bench",
            "mode": "single-shot"}
        with open(path, "w") as file:
            json.dump({
                "service": {"host": "127.0.0.1", "port": self.port}, "admin": {"port": self.admin}, "serviceURI": self.url,
                "runners": {"list": [runner]}}, file)
        self.launch(
            children, [run.binary, "orchestrator", "--config", path, "--log-level", "error"],
            os.path.join(run.folder, f"orchestrator-{self.port}.log"))

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"


def measure(children, run):
    rows = [frames(children, run)]
    if importlib.util.find_spec("pytrickle") is None:
        print("pytrickle is missing: the kill of a worker is left out", file=sys.stderr)
        return rows
    return rows + [killed(children, run, "none", 2000), killed(children, run, "warm", 500)]


def frames(children, run):
    """Stamped by the publisher as a frame leaves it; read by a worker that does nothing else."""
    worker = free_port()
    result = os.path.join(run.folder, "delays.json")
    children.start([sys.executable, STUB, str(worker), result])
    wait_until(lambda: opens(worker), 10, "the worker starts")
    orchestrator = Orchestrator(children, run, worker)
    gateway = Gateway(
        children, run.binary, run.folder, orchestrators=[orchestrator.url],
        settings="liveVideo: {pipeline: bench, firstPictureMs: 600000}\n")
    wait_until(lambda: gateway.orchestrators(), 10, "the orchestrator is found")
    seconds = 8 if run.quick else 30
    publisher = children.start([
        run.binary, "publish", gateway.publish_url("cam"), "--stamp", "--duration", f"{seconds}s"])
    publisher.wait(timeout=seconds + 20)
    wait_until(lambda: os.path.exists(result), 20, "the worker's figures")
    with open(result) as file:
        delays = json.load(file)
    # Without the first second, in which everything is opened.
    delays = sorted(delays[30:])
    if len(delays) < 60:
        raise RuntimeError(f"only {len(delays)} stamped frames came")
    p50, p99 = percentile(delays, 0.5), percentile(delays, 0.99)
    return Row(
        "live video: RTMP frame in → with a worker, over the trickle channel", f"p50 ≤ {REACH[0]} ms, p99 ≤ {REACH[1]} ms",
        f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, longest {delays[-1]:.1f} ms, n {len(delays)}", p50 <= REACH[0] and p99 <= REACH[1])


def killed(children, run, standby, reach):
    environment = dict(os.environ, PYTHONPATH=os.path.join(ROOT, "Fixtures", "ai"))
    workers = {}
    for _ in range(2 if standby == "none" else 3):
        port = free_port()
        process = children.start(["env", f"PYTHONPATH={environment['PYTHONPATH']}", sys.executable, "-W", "ignore", os.path.join(ROOT, "examples", "tint_worker.py"), str(port)])
        wait_until(lambda port=port: is_idle(port), 30, "a worker starts")
        orchestrator = Orchestrator(children, run, port)
        workers[orchestrator.url] = process
    gateway = Gateway(
        children, run.binary, run.folder, orchestrators=list(workers), settings=f"liveVideo: {{pipeline: bench, standby: {standby}}}\n")
    wait_until(lambda: gateway.orchestrators(), 10, "the orchestrators are found")
    publisher = children.start([run.binary, "publish", gateway.publish_url("cam"), "--size", "640x360", "--duration", "120s"])
    gaps = []
    for _ in range(1 if run.quick else len(workers) - (1 if standby == "none" else 2)):
        now = wait_until(lambda: is_ready(gateway, standby), 30, "a worker on air")
        time.sleep(3)
        swaps = now["gateway_status"]["swaps"]
        children.stop_at_once(workers[now["orchestrator_info"]["url"]])
        after = wait_until(lambda: has_swapped(gateway, swaps), 20, "another worker on air")
        gaps.append(after["gateway_status"]["swap_gap_ms"])
    children.stop(publisher)
    worst = max(gaps)
    what = "another warm beside it" if standby == "warm" else "another registered"
    return Row(
        f"live video: a worker killed, {what}", f"its pictures go on ≤ {reach} ms after the last", f"{worst:.0f} ms", worst <= reach)


def state(gateway):
    try:
        return json.loads(fetch(f"http://127.0.0.1:{gateway.http}/live/video-to-video/cam/status"))
    except OSError:
        return None


def is_ready(gateway, standby):
    now = state(gateway)
    if not now or now["gateway_status"]["showing"] != "worker":
        return None
    return now if standby == "none" or now["gateway_status"].get("standby") else None


def has_swapped(gateway, before):
    now = state(gateway)
    return now if now and now["gateway_status"]["swaps"] > before else None


def is_idle(port):
    try:
        return b"IDLE" in fetch(f"http://127.0.0.1:{port}/health", timeout=1)
    except OSError:
        return False


def opens(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False
