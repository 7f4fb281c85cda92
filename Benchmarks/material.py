"""The media every figure uses, made once a run with ffmpeg."""
import os
import subprocess

FFMPEG = ["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-y"]
PACKET = 188
NULL_PACKET = bytes([0x47, 0x1F, 0xFF, 0x10]) + b"\xff" * (PACKET - 4)
X264 = ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-bf", "0"]


def publish(source, url, loops=-1):
    return FFMPEG + ["-re", "-stream_loop", str(loops), "-i", source, "-c", "copy", "-f", "flv", url]


def make(folder, seconds, container):
    """720p30 at 2 Mb/s, a key frame every 2 s, with sound."""
    path = os.path.join(folder, f"720p-{seconds}s.{container}")
    if os.path.exists(path):
        return path
    muxer = {"ts": "mpegts", "flv": "flv"}[container]
    subprocess.run(
        FFMPEG + [
            "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
            "-t", str(seconds)] + X264 + [
            "-b:v", "2M", "-maxrate", "2M", "-bufsize", "2M", "-g", "60", "-keyint_min", "60", "-sc_threshold", "0",
            "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k", "-ac", "2", "-f", muxer, path],
        check=True)
    return path


def segments(folder, seconds, bitrate, count=6):
    """The bytes of MPEG-TS segments that follow one another, each of exactly this bitrate: null packets fill it up."""
    pattern = os.path.join(folder, f"segment-{seconds}-{bitrate}-%d.ts")
    packets = int(bitrate * seconds / 8 / PACKET)
    if not os.path.exists(pattern % 0):
        frames = int(30 * seconds)
        subprocess.run(
            FFMPEG + [
                "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30", "-t", str(seconds * count)] + X264 + [
                "-b:v", str(int(bitrate * 0.8)), "-maxrate", str(int(bitrate * 0.8)), "-bufsize", str(int(bitrate * 0.4)), "-g", str(frames),
                "-keyint_min", str(frames), "-sc_threshold", "0", "-pix_fmt", "yuv420p", "-f", "segment", "-segment_time", str(seconds),
                "-segment_format", "mpegts", pattern],
            check=True)
    pieces = []
    for index in range(count):
        with open(pattern % index, "rb") as file:
            piece = file.read()
        pieces.append(piece + NULL_PACKET * max(0, packets - len(piece) // PACKET))
    return pieces
