"""Issue 5: how long a trickle relay holds a chunk, and what idle readers cost.

`trickle/relay.swift` is publisher and subscribers in one; it shares the machine's cores with the server it measures. What that costs by
itself, the same program says of `trickle/bare.swift`, the least a relay can do, in the same run.
"""
import os
import shutil
import socket
import subprocess

from children import free_port, resident_bytes, wait_until
from gateway import Role
from row import Row

PROGRAMS = os.path.join(os.path.dirname(__file__), "..", "trickle")
CHANNELS, READERS = 1000, 3
BASE = "/ai/trickle"


class Server(Role):
    def __init__(self, children, binary, folder, *options):
        self.port, self.admin = free_port(), free_port()
        self.launch(
            children,
            [binary, "trickle", "serve", "--port", str(self.port), "--admin-port", str(self.admin), "--log-level", "error", *options],
            os.path.join(folder, "trickle.log"))

    def stop(self):
        self.children.stop(self.process)


def measure(children, run):
    if not shutil.which("swiftc"):
        raise RuntimeError("swiftc is missing; it comes with the Swift toolchain")
    for name in ("relay", "bare"):
        subprocess.run(
            ["swiftc", "-O", os.path.join(PROGRAMS, f"{name}.swift"), "-o", os.path.join(run.folder, name)], check=True,
            capture_output=True)
    return [delay(children, run, 1, 0.25, 0.8), delay(children, run, 50, 1.0, 2.5), idle(children, run)]


def delay(children, run, subscribers, reach50, reach99):
    chunks = 1000 if run.quick else 2700
    # A second of chunks is a segment, and a second's segments are kept: the window is full before it is measured.
    server = Server(children, run.binary, run.folder, "--keep", "1")
    p50, p99, longest, count = through(server.port, run, subscribers, chunks, 100)
    server.stop()
    port = free_port()
    bare = children.start([os.path.join(run.folder, "bare"), str(port)])
    wait_until(lambda: opens(port), 10, "the bare relay starts")
    # It knows one segment only.
    least50, least99, _, _ = through(port, run, subscribers, chunks - 700, chunks)
    children.stop(bare)
    return Row(
        f"trickle: a 12.5 kB chunk through the relay, {subscribers} subscriber{'s' if subscribers > 1 else ''}",
        f"p50 ≤ {reach50} ms, p99 ≤ {reach99} ms",
        f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, longest {longest:.1f} ms, n {count:.0f}; a bare relay p50 {least50:.2f} ms, p99 {least99:.2f} ms",
        p50 <= reach50 and p99 <= reach99)


def through(port, run, subscribers, chunks, segment):
    done = subprocess.run(
        [os.path.join(run.folder, "relay"), str(port), f"{BASE}/measured", str(subscribers), str(chunks), str(segment)],
        capture_output=True, text=True, timeout=90)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return [float(word) for word in done.stdout.split()]


def opens(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


def idle(children, run):
    server = Server(children, run.binary, run.folder)
    before = resident_bytes(server.process.pid)
    readers = []
    with socket.create_connection(("127.0.0.1", server.port)) as maker:
        for number in range(CHANNELS):
            maker.sendall(f"POST {BASE}/c{number} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
            answer = maker.recv(4096)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(answer.decode(errors="replace"))
    for number in range(CHANNELS * READERS):
        reader = socket.create_connection(("127.0.0.1", server.port))
        reader.sendall(f"GET {BASE}/c{number % CHANNELS}/-1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        readers.append(reader)
    while server.metric("sluice_trickle_readers") < CHANNELS * READERS:
        pass
    held = resident_bytes(server.process.pid)
    for reader in readers:
        reader.close()
    server.stop()
    return Row(
        f"trickle: {CHANNELS} channels × {READERS} readers, idle", "≤ 100 MB",
        f"{held / 1e6:.0f} MB resident ({before / 1e6:.0f} MB before)", held <= 100e6)
