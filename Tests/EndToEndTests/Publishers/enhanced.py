"""Publishes a moving picture and a tone in real time with the FFmpeg libraries of PyAV, which speak Enhanced RTMP (Debian's do not yet).

Arguments: the address, the coder of the picture (libsvtav1, libx265), seconds.
"""

import sys
import time

import av
import numpy

address, coder, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
output = av.open(address, "w", format="flv")
video = output.add_stream(coder, rate=30)
video.width, video.height, video.pix_fmt, video.bit_rate, video.gop_size = 320, 180, "yuv420p", 300_000, 30
video.options = {"preset": "12"} if coder == "libsvtav1" else {"preset": "ultrafast", "tune": "zerolatency", "x265-params": "log-level=none"}
audio = output.add_stream("aac", rate=48000)
audio.layout = "mono"
y, x = numpy.mgrid[0:180, 0:320]
begin, samples = time.time(), 0
for number in range(int(seconds * 30)):
    time.sleep(max(0.0, begin + number / 30 - time.time()))
    picture = numpy.stack([(x + number * 4) % 256, (y + number * 2) % 256, (x + y) % 256], -1).astype(numpy.uint8)
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
    frame.pts = number
    output.mux(video.encode(frame))
    while samples < (number + 1) * 1600:
        tone = (numpy.sin(numpy.arange(samples, samples + 1024) * 0.0576) * 0.2).astype(numpy.float32)
        sound = av.AudioFrame.from_ndarray(tone[None, :], format="fltp", layout="mono")
        sound.rate, sound.pts = 48000, samples
        samples += 1024
        output.mux(audio.encode(sound))
for stream in (video, audio):
    output.mux(stream.encode(None))
output.close()
