"""What a console costs that is open on many streams and orchestrators."""
import http.client
import re
import threading
import time

from children import fetch
from figures.desk import STREAMS, play, publish
from gateway import Gateway
from row import Row, percentile

ORCHESTRATORS = 500
PAGE_LIMIT = 300_000


class Listener:
    """What a console listens to: when each overview came, and how large it was."""

    def __init__(self, port):
        self.gaps, self.sizes = [], []
        self.link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.link.request("GET", "/api/v1/events?overview=on")
        self.answer = self.link.getresponse()
        self.is_over = False
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        last, is_overview = None, False
        while not self.is_over:
            line = self.answer.readline()
            if line.startswith(b"event: "):
                is_overview = line.strip() == b"event: overview"
            elif line.startswith(b"data: ") and is_overview:
                now = time.monotonic()
                if last is not None:
                    self.gaps.append(now - last)
                last = now
                self.sizes.append(len(line))

    def close(self):
        self.is_over = True
        self.thread.join()
        self.link.close()


def files(gateway):
    """All that the page loads, by what it names itself."""
    base = f"http://127.0.0.1:{gateway.admin}/console/"
    found, wanted = {}, [""]
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        found[name] = fetch(base + name)
        if name == "" or name.endswith(".js"):
            named = re.findall(rb"""(?:href|src|from)\s*=?\s*["']\.?/?([a-z]+\.(?:js|css|svg))["']""", found[name])
            wanted += [one.decode() for one in named]
    return found


def measure(children, run):
    # One play takes 256.
    uris = play(children, run, ORCHESTRATORS // 2) + play(children, run, ORCHESTRATORS // 2)
    settings = "orchestrators:\n" + "".join(f'  - "{uri}"\n' for uri in uris)
    gateway = Gateway(children, run.binary, run.folder, profiles="P144p30fps16x9", settings=settings)
    publish(children, run, gateway, STREAMS)
    window, pairs = (6, 3) if run.quick else (10, 8)
    time.sleep(window)
    origin = time.monotonic()

    def share():
        # All streams cut at the same time, every other second: each window has as many of those bursts, and begins at the same place between.
        time.sleep(2 - (time.monotonic() - origin) % 2)
        before = gateway.cpu()
        time.sleep(window)
        return (gateway.cpu() - before) / window

    # By turns, as what the streams themselves take wanders with whatever else the machine does; each window with a console is compared
    # with those before and behind it.
    gaps, sizes, costs, alone = [], [], [], [share()]
    for _ in range(pairs):
        listener = Listener(gateway.admin)
        watched = share()
        listener.close()
        alone.append(share())
        costs.append(watched - (alone[-1] + alone[-2]) / 2)
        gaps += listener.gaps
        sizes += listener.sizes
    page = files(gateway)
    size = sum(map(len, page.values()))
    cost, gap = percentile(costs, 0.5), percentile(gaps, 0.9)
    return [Row(
        f"console, {STREAMS} streams and {ORCHESTRATORS} orchestrators", "page ≤ 300 kB, update ≤ 1 s, ≤ 2 % of a core",
        f"page {size // 1000} kB in {len(page)} files, overview of {max(sizes) // 1000} kB every {gap:.2f} s at p90, {cost * 100:.1f} % of a core, the "
        f"median of {pairs} pairs from {min(costs) * 100:.1f} to {max(costs) * 100:.1f} ({percentile(alone, 0.5) * 100:.1f} % without a listener)",
        size <= PAGE_LIMIT and gap <= 1.05 and cost <= 0.02)]
