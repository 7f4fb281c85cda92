"""Child processes of a run: all of them end with it, whatever happens."""
import atexit
import os
import signal
import socket
import subprocess
import time
import urllib.request

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Children:
    """Use as a context; each child leads a group of its own, so that its own children end too."""

    def __init__(self):
        self.running = []
        atexit.register(self.end)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def start(self, command, log=subprocess.DEVNULL):
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.running.append(child)
        return child

    def stop(self, child):
        if child.poll() is None:
            signal_group(child, signal.SIGTERM)
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                signal_group(child, signal.SIGKILL)
                child.wait()
        if child in self.running:
            self.running.remove(child)

    def stop_at_once(self, child):
        signal_group(child, signal.SIGKILL)
        child.wait()
        if child in self.running:
            self.running.remove(child)

    def end(self):
        for child in self.running:
            if child.poll() is None:
                signal_group(child, signal.SIGTERM)
        for child in list(self.running):
            self.stop(child)


def signal_group(child, number):
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise RuntimeError(f"{what}: not within {seconds} s")


def fetch(url, timeout=5):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return answer.read()


def answers(url):
    try:
        fetch(url, timeout=1)
        return True
    except OSError:
        return False


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0
