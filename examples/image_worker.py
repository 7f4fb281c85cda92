"""A batch worker: inverts a picture (PPM, P6) with NumPy. It registers itself, and says every 5 s that it is there.

    python3 examples/image_worker.py https://127.0.0.1:8935 SECRET            needs numpy
    curl --data-binary @in.ppm http://127.0.0.1:9935/apps/image/invert/ > out.ppm
"""
import http.server
import json
import re
import ssl
import sys
import threading
import time
import urllib.request

import numpy

ORCHESTRATOR, SECRET = sys.argv[1], sys.argv[2]
TRUST = ssl._create_unverified_context()  # orchestrators sign their own certificates


def invert(picture):
    head = re.match(rb"P6\s+\d+\s+\d+\s+255\s", picture)
    if not head:
        raise ValueError("not a PPM picture: P6, width, height and 255 are right")
    return head[0] + (255 - numpy.frombuffer(picture[head.end():], dtype=numpy.uint8)).tobytes()


class Worker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        try:
            status, body = 200, invert(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        except ValueError as error:
            status, body = 400, str(error).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def heartbeat(port):
    beat = {"runner_url": f"http://127.0.0.1:{port}", "app": "image/invert", "mode": "single-shot", "capacity": 4}
    proof = SECRET
    while True:
        request = urllib.request.Request(
            f"{ORCHESTRATOR}/runners/heartbeat", json.dumps(beat).encode(), {"Authorization": proof, "Content-Type": "application/json"})
        try:
            answer = json.load(urllib.request.urlopen(request, timeout=5, context=TRUST))
            beat["runner_id"], proof = answer["runner_id"], answer.get("heartbeat_secret", proof)
        except OSError as error:
            print("heartbeat:", error, file=sys.stderr)
            proof, _ = SECRET, beat.pop("runner_id", None)  # forgotten there: begin anew
        time.sleep(5)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Worker)
threading.Thread(target=heartbeat, args=(server.server_port,), daemon=True).start()
server.serve_forever()
