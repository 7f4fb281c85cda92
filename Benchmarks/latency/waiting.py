"""Thousands of blocked reloads of one playlist: what they cost while they wait, and how long the last of them waits for its answer."""
import asyncio
import resource
import time

from children import wait_until
from latency import viewing
from latency.servers import Sluice
from row import Row


async def blocked(port, name, count, gateway):
    base = gateway.memory()
    playlist = await fetch(port, f"/ll/{name}/source.m3u8")
    # Two segments ahead: the farthest that may be asked for.
    ahead = int(playlist.split("#EXT-X-MEDIA-SEQUENCE:")[1].split()[0]) + playlist.count("#EXTINF:") + 1
    answers = []

    async def one():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /ll/{name}/source.m3u8?_HLS_msn={ahead} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split()[0])
        body = await reader.readexactly(length)
        answers.append((time.monotonic(), head[9:12], body))
        writer.close()

    begin = time.monotonic()
    tasks = []
    for _ in range(count // 500):
        tasks += [asyncio.create_task(one()) for _ in range(500)]
        await asyncio.sleep(0.05)
    asked = time.monotonic() - begin
    early = len(answers)
    each = (gateway.memory() - base) / max(1, count - early)
    await asyncio.wait_for(asyncio.gather(*tasks), 30)
    times = sorted(at for at, _, _ in answers[early:])
    good = sum(status == b"200" and f"segment-{ahead}.".encode() in body for _, status, body in answers[early:])
    return asked, early, each, good, (times[-1] - times[0]) if times else 0


async def fetch(port, path):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    text = (await reader.read()).decode()
    writer.close()
    return text


def measure(children, run):
    count = 1000 if run.quick else 8000
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    count = min(count, (most - 500) // 500 * 500)
    gateway = Sluice(children, run)
    # Groups of pictures long enough for all of them to have asked before the answer is there.
    viewing.publish(children, run, gateway.publish_url("a"), "--gop", "8")
    wait_until(lambda: viewing.is_there(gateway.low_latency_url("a")), 30, "LL-HLS")
    time.sleep(1)
    asked, early, each, good, spread = asyncio.run(blocked(gateway.http, "a", count, gateway))
    gateway.stop()
    return [
        Row(
            f"{count} blocked reloads of one playlist", "each answered, ≤ 20 kB while it waits",
            f"{good} of {count - early} answered with what they asked for, all within {spread * 1000:.0f} ms of the first, {each / 1000:.1f} kB each, asked in {asked:.1f} s",
            good == count - early and early < count / 10 and each <= 20_000)]
