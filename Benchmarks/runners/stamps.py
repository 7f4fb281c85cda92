"""A worker of live video that only reads: says how old each stamped frame is when its bytes come. stamps.py PORT RESULT

The stamp is in an SEI message of the frame (Sources/SluiceWire/Stamps/FrameStamp.swift). The result is a JSON list of milliseconds,
written at the end of the input.
"""
import http.client
import json
import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

IDENTIFIER = bytes([0xb7, 0x1d, 0x5e, 0x8a, 0x33, 0xc6, 0x4f, 0x92, 0xa5, 0x51, 0x6c, 0xd8, 0x2b, 0xe4, 0x79, 0x9f])
PORT, RESULT = int(sys.argv[1]), sys.argv[2]


def connection(url):
    # The orchestrator signs its own certificate.
    insecure = ssl._create_unverified_context()
    return http.client.HTTPSConnection(url.netloc, context=insecure) if url.scheme == "https" else http.client.HTTPConnection(url.netloc)


def announce(url):
    """A writer of the output that has nothing to say: the orchestrator sees that the worker is there."""
    line = connection(url)
    line.putrequest("POST", url.path + "/0")
    line.putheader("Transfer-Encoding", "chunked")
    line.endheaders()
    return line


def read(start):
    url = urlsplit(start["subscribe_url"])
    output = announce(urlsplit(start["publish_url"]))
    delays, number, line = [], 0, connection(url)
    while True:
        line.request("GET", f"{url.path}/{number}")
        answer = line.getresponse()
        if answer.status != 200 or answer.getheader("Lp-Trickle-Closed"):
            break
        held = b""
        while piece := answer.read1(65536):
            now = time.time() * 1e6
            held += piece
            while (place := held.find(IDENTIFIER)) >= 0 and len(held) >= place + 24:
                stamp = 0
                for byte in held[place + 16:place + 24]:
                    stamp = stamp << 7 | byte & 0x7f
                delays.append((now - stamp) / 1000)
                held = held[place + 24:]
            held = held[-40:] if place < 0 else held
        number += 1
    output.close()
    with open(RESULT + ".part", "w") as file:
        json.dump(delays, file)
    os.rename(RESULT + ".part", RESULT)


class Worker(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer({"status": "IDLE"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        if self.path == "/live-video-to-video":
            threading.Thread(target=read, args=(body,), daemon=True).start()
        self.answer({"status": "success"})

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", PORT), Worker).serve_forever()
