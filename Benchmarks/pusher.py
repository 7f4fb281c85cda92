"""Publishes the streams of a play by HTTP push, each segment at the moment at which the scenario cuts it."""
import heapq
import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

# Pushes that wait for their renditions at the same time; more than all streams of a scenario have under way.
MOST = 200


class Pusher:
    def __init__(self, port, streams, material):
        """material: the segments of a stream, played round and round, as a function of the stream."""
        self.port, self.streams, self.material = port, streams, material
        self.statuses = {}  # by (stream, sequence)
        self.behind = 0.0  # the worst delay of a push behind its moment, seconds: ours, not the gateway's
        self.local = threading.local()

    def run(self):
        """Returns when every push has been answered."""
        due = []
        for index, stream in enumerate(self.streams):
            if stream["segments"]:
                heapq.heappush(due, (stream["opensMs"] + stream["segmentMs"], index, 0))
        began = time.monotonic()
        with ThreadPoolExecutor(max_workers=MOST) as pool:
            while due:
                moment, index, sequence = heapq.heappop(due)
                wait = began + moment / 1000 - time.monotonic()
                if wait > 0:
                    time.sleep(wait)
                self.behind = max(self.behind, -wait)
                stream = self.streams[index]
                pool.submit(self.push, stream, sequence)
                if sequence + 1 < stream["segments"]:
                    heapq.heappush(due, (moment + stream["segmentMs"], index, sequence + 1))

    def push(self, stream, sequence):
        segments = self.material(stream)
        self.statuses[stream["name"], sequence] = push(
            self.connection(), f"/live/{stream['name']}/{sequence}.ts", segments[sequence % len(segments)], stream["segmentMs"],
            profiles(stream))

    def connection(self):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        return self.local.connection


def profiles(stream):
    return json.dumps({"profiles": [
        {"name": f"p{one['height']}", "width": one["width"], "height": one["height"], "fps": int(one["fps"]), "bitrate": int(one["bitrate"])}
        for one in stream["renditions"]]})


def push(connection, path, body, milliseconds, configuration=None):
    """The status of the answer, which comes when the renditions are there; 0 when none came."""
    headers = {"Content-Duration": str(int(milliseconds))}
    if configuration:
        headers["Livepeer-Transcode-Configuration"] = configuration
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        connection.close()
        return 0
