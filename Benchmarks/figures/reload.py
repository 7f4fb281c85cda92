"""Settings that change under live streams: what viewers lose, which is to be nothing.

Each stream has a viewer by RTMP, whose pictures follow one another without a hole, and one by HLS, who fetches every segment of the source and of a
rendition. Meanwhile the settings are read again and again: good ones, one with a fault, by the file, by the admin port.
"""
import http.client
import os
import selectors
import signal
import threading
import time
import urllib.error
import urllib.request

from children import wait_until
from figures.desk import play
from gateway import Gateway
from row import Row, percentile
from rtmp_viewer import VIDEO, Viewer

STREAMS = 50
FPS = 30
RENDITION = "P144p30fps16x9"
# A stream's pictures come at multiples of this, rounded to milliseconds.
STEP = 1000 / FPS


class RTMPWatch:
    """A viewer of each stream, in one thread."""

    def __init__(self, port, names):
        self.times = {name: [] for name in names}
        self.lost, self.is_over = 0, False
        self.chooser = selectors.DefaultSelector()
        for name in names:
            viewer = Viewer(port, "live", name)
            self.chooser.register(viewer.socket, selectors.EVENT_READ, (name, viewer))
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while not self.is_over:
            for key, _ in self.chooser.select(timeout=0.2):
                name, viewer = key.data
                try:
                    messages = viewer.receive()
                except BlockingIOError:
                    continue
                except ConnectionError:
                    self.chooser.unregister(key.fileobj)
                    self.lost += 1
                    continue
                self.times[name] += [moment for kind, moment in messages if kind == VIDEO]

    def close(self):
        self.is_over = True
        self.thread.join()

    def holes(self):
        """(pictures that came, pictures missing between them)"""
        came = missing = 0
        for times in self.times.values():
            # The first message describes the coding, and has a time of its own.
            moments = sorted(set(times[1:]))
            came += len(moments)
            missing += sum(round((later - earlier) / STEP) - 1 for earlier, later in zip(moments, moments[1:]))
        return came, missing


class HLSWatch:
    """Viewers of some streams, by playlists and segments over a connection that stays."""

    def __init__(self, port, names):
        self.port, self.names = port, names
        self.segments, self.faults, self.is_over = 0, [], False
        self.seen = {}
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def get(self, link, path):
        link.request("GET", path)
        answer = link.getresponse()
        body = answer.read()
        if answer.status != 200:
            self.faults.append(f"{answer.status} for {path}")
        return body

    def watch(self):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while not self.is_over:
            began = time.monotonic()
            for name in self.names:
                for rendition in ("source", RENDITION):
                    try:
                        self.look(link, name, rendition)
                    except (OSError, http.client.HTTPException) as fault:
                        self.faults.append(f"{name}/{rendition}: {fault!r}")
                        link.close()
            time.sleep(max(0, 1 - (time.monotonic() - began)))
        link.close()

    def look(self, link, name, rendition):
        text = self.get(link, f"/stream/{name}/{rendition}.m3u8").decode()
        if "#EXT-X-GAP" in text or "#EXT-X-DISCONTINUITY\n" in text:
            self.faults.append(f"{name}/{rendition} has a gap or a discontinuity")
        for uri in [line for line in text.splitlines() if line and not line.startswith("#")]:
            number = int(uri.rsplit("/", 1)[1].split(".")[0])
            last = self.seen.get((name, rendition))
            if last is not None and number <= last:
                continue
            if last is not None and number != last + 1:
                self.faults.append(f"{name}/{rendition}: {number} after {last}")
            self.seen[(name, rendition)] = number
            if not self.get(link, f"/stream/{name}/{uri}"):
                self.faults.append(f"{name}/{uri} is empty")
            self.segments += 1

    def close(self):
        self.is_over = True
        self.thread.join()


class Reloads:
    """Writes settings and has them read, every time others."""

    def __init__(self, gateway, uris):
        self.gateway, self.uris = gateway, uris
        self.times, self.good, self.bad, self.wrong = [], 0, 0, []

    def write(self, text):
        with open(self.gateway.config + ".new", "w") as file:
            file.write(text)
        os.replace(self.gateway.config + ".new", self.gateway.config)

    def settings(self, number):
        # Everybody but one in turn, another promise, other limits, another tenant, other keys for viewers.
        some = [uri for index, uri in enumerate(self.uris) if index != number % len(self.uris)]
        return (
            f"maxStreams: {500 + number}\nprofiles: {RENDITION}\nattempts: {2 + number % 3}\nsla: {{latency: {60 + number % 20}%}}\n"
            f"tenants: {{t{number}: {{streams: [t{number}-]}}}}\nviewers: {{memoryMs: {30000 + number}}}\nauthWebhookTimeoutMs: {3000 + number}\n"
            "orchestrators:\n" + "".join(f'  - "{uri}"\n' for uri in some))

    def once(self, number):
        if number % 4 == 3:
            self.write(self.settings(number) + "maxStreams: none\n")
            if self.ask() != 422:
                self.wrong.append(f"reload {number} took a bad file")
            self.bad += 1
        elif number % 4 == 2:
            self.write(self.settings(number))
            os.kill(self.gateway.process.pid, signal.SIGHUP)
            self.good += 1
        else:
            self.write(self.settings(number))
            if self.ask() != 200:
                self.wrong.append(f"reload {number} was refused")
            self.good += 1

    def ask(self):
        began = time.monotonic()
        try:
            with urllib.request.urlopen(
                    urllib.request.Request(f"http://127.0.0.1:{self.gateway.admin}/api/v1/config/reload", method="POST"), timeout=10) as answer:
                answer.read()
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        finally:
            self.times.append((time.monotonic() - began) * 1000)


def measure(children, run):
    uris = play(children, run, 20)
    gateway = Gateway(children, run.binary, run.folder, profiles=None)
    reloads = Reloads(gateway, uris)
    reloads.write(reloads.settings(0))
    if reloads.ask() != 200:
        raise RuntimeError("the first settings were refused")
    names = [f"m{number}" for number in range(STREAMS)]
    children.start([
        run.binary, "publish", "--streams", str(STREAMS), "--size", "320x180", "--fps", str(FPS), "--gop", "2", "--bitrate", "200k",
        gateway.publish_url("m")])
    wait_until(lambda: sum(s["isLive"] for s in gateway.status()["streams"]) == STREAMS, 60, f"{STREAMS} streams live")
    time.sleep(8)
    pictures = RTMPWatch(gateway.rtmp, names)
    lists = [HLSWatch(gateway.http, names[start::10]) for start in range(10)]
    time.sleep(4)
    count = 8 if run.quick else 40
    for number in range(1, count + 1):
        reloads.once(number)
        time.sleep(1)
    time.sleep(4)
    pictures.close()
    for one in lists:
        one.close()
    came, missing = pictures.holes()
    faults = [fault for one in lists for fault in one.faults] + reloads.wrong
    segments = sum(one.segments for one in lists)
    lost = gateway.metric("sluice_segments_lost_total")
    return [Row(
        f"reload under {STREAMS} live streams, with a viewer by RTMP and one by HLS each", "no frame lost, no viewer disconnected",
        f"{reloads.good} reloads and {reloads.bad} files refused (p50 {percentile(reloads.times, 0.5):.0f} ms, the longest {max(reloads.times):.0f} ms): {missing} "
        f"of {came} pictures missing, {pictures.lost} of {STREAMS} viewers disconnected, {len(faults)} faults in {segments} segments, {lost:.0f} lost"
        + (f"; first: {faults[0]}" if faults else ""),
        came > 0 and segments > 0 and missing == 0 and pictures.lost == 0 and not faults and lost == 0)]
