"""Issue 5: what an orchestrator's proxy adds to a direct call of a runner. The runner is `runners/echo.py`, on the same cores."""
import json
import os
import socket
import sys
import time

from children import free_port, wait_until
from gateway import Role
from row import Row, percentile

RUNNER = os.path.join(os.path.dirname(__file__), "..", "runners", "echo.py")
REACH = (0.3, 2.0)


class Orchestrator(Role):
    def __init__(self, children, run, runner_port):
        self.port, self.admin = free_port(), free_port()
        path = os.path.join(run.folder, "orchestrator.yaml")
        runners = [
            {"label": mode, "routing": "label", "runner_url": f"http://127.0.0.1:{runner_port}", "health_url": "/health", "app": f"echo/{mode}",
             "mode": mode, "capacity": 100} for mode in ("persistent", "single-shot")]
        with open(path, "w") as file:
            json.dump({
                "service": {"host": "127.0.0.1", "port": self.port}, "admin": {"port": self.admin},
                "serviceURI": f"http://127.0.0.1:{self.port}", "runners": {"list": runners}}, file)
        self.launch(children, [run.binary, "orchestrator", "--config", path, "--log-level", "error"], os.path.join(run.folder, "runners.log"))


def measure(children, run):
    port = free_port()
    children.start([sys.executable, RUNNER, str(port)])
    wait_until(lambda: opens(port), 10, "the runner starts")
    orchestrator = Orchestrator(children, run, port)
    count = 300 if run.quick else 3000
    session = json.loads(post(orchestrator.port, "/apps/persistent/session"))["app_url"].split("/", 3)[3]
    ways = {
        "GET": (f"/{session}/x", exchanges), "single-shot POST": ("/apps/single-shot/app/x", posts),
        "WebSocket": (f"/{session}/socket", frames), "server-sent events": (f"/{session}/events", events)}
    rows = []
    for name, (path, way) in ways.items():
        direct_path = {"WebSocket": "/socket", "server-sent events": "/events"}.get(name, "/x")
        direct, proxied = way(port, direct_path, count), way(orchestrator.port, path, count)
        added = [percentile(proxied, share) - percentile(direct, share) for share in (0.5, 0.99)]
        rows.append(Row(
            f"runner proxy, added to a direct {name}", f"p50 ≤ {REACH[0]} ms, p99 ≤ {REACH[1]} ms",
            f"p50 {added[0]:.2f} ms, p99 {added[1]:.2f} ms, n {count}", added[0] <= REACH[0] and added[1] <= REACH[1]))
    return rows


def opens(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


class Line:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held = b""

    def until(self, mark):
        while mark not in self.held:
            piece = self.socket.recv(65536)
            if not piece:
                raise RuntimeError(f"closed: {self.held[:200]!r}")
            self.held += piece
        head, self.held = self.held.split(mark, 1)
        return head

    def take(self, count):
        while len(self.held) < count:
            self.held += self.socket.recv(65536)
        taken, self.held = self.held[:count], self.held[count:]
        return taken

    def answer(self):
        head = self.until(b"\r\n\r\n").lower()
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(head.decode())
        return self.take(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))


def post(port, path):
    line = Line(port)
    line.socket.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
    return line.answer()


def timed(line, said, heard, count):
    """Milliseconds of each, without the first fifth, in which connections and caches are cold."""
    times = []
    for _ in range(count + count // 4):
        began = time.perf_counter()
        line.socket.sendall(said)
        heard(line)
        times.append((time.perf_counter() - began) * 1000)
    return times[count // 4:]


def exchanges(port, path, count):
    return timed(Line(port), f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), Line.answer, count)


def posts(port, path, count):
    body = bytes(1000)
    return timed(Line(port), f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode() + body, Line.answer, count)


def frames(port, path, count):
    line = Line(port)
    line.socket.sendall((
        f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
    line.until(b"\r\n\r\n")
    frame = bytes([0x82, 0x80 | 100, 0, 0, 0, 0]) + bytes(100)
    return timed(line, frame, lambda line: line.take(102), count)


def events(port, path, count):
    """From the moment written into an event to its last byte read here: one clock, one machine."""
    line = Line(port)
    line.socket.sendall(f"GET {path}?n={count + count // 4} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    line.until(b"\r\n\r\n")
    times = []
    for _ in range(count + count // 4):
        line.until(b"data: ")
        sent = float(line.until(b"\n\n"))
        times.append((time.clock_gettime(time.CLOCK_MONOTONIC) - sent) * 1000)
    return times[count // 4:]
