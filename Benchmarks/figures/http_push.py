"""Row 4: HTTP push of one segment against the ffmpeg program, in pairs, the order changing from pair to pair."""
import os
import statistics
import subprocess
import time

import material
from gateway import Gateway
from row import Row

PAIRS = 10


def measure(children, run):
    source = material.make(run.folder, 2, "ts")
    gateway = Gateway(children, run.binary, run.folder, profiles="P240p30fps16x9,P360p30fps16x9")
    outputs = []
    for size, rate in (("426x240", "600k"), ("640x360", "1200k")):
        outputs += ["-map", "0:v", "-map", "0:a", "-s", size] + material.X264 + [
            "-b:v", rate, "-c:a", "copy", "-f", "mpegts", os.path.join(run.folder, size + ".ts")]
    ratios, ours, theirs = [], [], []
    push(run, gateway, source, 0)  # opens the session, as a stream's first segment does
    for index in range(PAIRS):
        def sluice():
            ours.append(push(run, gateway, source, index + 1))

        def program():
            began = time.monotonic()
            subprocess.run(material.FFMPEG + ["-i", source] + outputs, check=True)
            theirs.append(time.monotonic() - began)

        for step in ((sluice, program) if index % 2 == 0 else (program, sluice)):
            step()
        ratios.append(ours[-1] / theirs[-1])
    gateway.stop()
    ratio = statistics.median(ratios)
    text = f"{ratio:.2f} × ({statistics.median(ours) * 1000:.0f} ms : {statistics.median(theirs) * 1000:.0f} ms)"
    return [Row("HTTP push 720p30 2 s → 360p + 240p, against ffmpeg", "≤ 0.85 ×", text, ratio <= 0.85)]


def push(run, gateway, source, sequence):
    answer = os.path.join(run.folder, "answer")
    began = time.monotonic()
    status = subprocess.run(
        ["curl", "-sS", "-o", answer, "-w", "%{http_code}", "-X", "POST", "-H", "Accept: multipart/mixed",
         "-H", "Content-Duration: 2000", "-H", "Expect:", "--data-binary", "@" + source,
         f"http://127.0.0.1:{gateway.http}/live/pushed/{sequence}.ts"],
        check=True, capture_output=True, text=True).stdout
    took = time.monotonic() - began
    with open(answer, "rb") as file:
        body = file.read()
    if status != "200" or body.lower().count(b"content-type: video/") != 2:
        raise RuntimeError(f"push answered {status}, {len(body)} bytes: {body[:120]!r}")
    return took
