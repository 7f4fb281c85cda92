"""The media every figure uses, made once a run with ffmpeg."""
import os
import subprocess

FFMPEG = ["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-y"]
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
