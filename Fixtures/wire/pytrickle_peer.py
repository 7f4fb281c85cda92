"""pytrickle's own publisher and subscriber against a server of ours; run by TricklePeerTests.

Usage: pytrickle_peer.py publish URL COUNT | subscribe URL
"""
import asyncio
import importlib.util
import logging
import os
import sys
import types
from urllib.parse import urlsplit

# The package's own __init__ imports everything, down to torch; its publisher and subscriber need aiohttp alone.
package = types.ModuleType("pytrickle")
package.__path__ = importlib.util.find_spec("pytrickle").submodule_search_locations
sys.modules["pytrickle"] = package

from pytrickle.publisher import TricklePublisher  # noqa: E402
from pytrickle.subscriber import TrickleSubscriber  # noqa: E402


class Publisher(TricklePublisher):
    async def _stream_data(self, queue):
        # Its own waits a tenth of a second at a time, and asyncio.wait_for of Python 3.11 can lose what comes at the very end of a
        # wait: then a piece is missing, or the end of the request never comes.
        while (chunk := await queue.get()) is not None:
            yield chunk


async def latest(publisher):
    async with publisher.session.get(f"{publisher.url}/next") as answer:
        return int(await answer.text())


async def until(publisher, is_true):
    while not await is_true():
        # After an error it makes no request any more by itself.
        if publisher.error_event.is_set():
            raise RuntimeError(publisher.last_error)
        await asyncio.sleep(0.005)


async def publish(url, count):
    async with Publisher(url, mime_type="video/mp2t") as publisher:

        async def is_open(number):
            return publisher.next_writer is not None and await latest(publisher) >= number

        for number in range(count):
            # It would take the same number again before its next request is under way, and others take it by a way of their own.
            if number:
                await until(publisher, lambda: is_open(number))
            async with await publisher.next() as segment:
                for piece in range(3):
                    await segment.write(f"segment {number} piece {piece}\n".encode() * 1000)
        # Its close calls off what is still on its way.
        await until(publisher, lambda: is_open(count))
    return "published\n"


async def subscribe(url):
    text = ""
    async with TrickleSubscriber(url, start_seq=0) as subscriber:
        while segment := await subscriber.next():
            text += f"[{segment.seq()} {segment.response.headers['Content-Type']}]\n"
            while piece := await segment.read():
                text += piece.decode()
    return text


class Log(logging.Handler):
    def emit(self, record):
        log.append(f"{record.relativeCreated:.0f} {record.getMessage()}")


def waits(coroutine):
    """What a task waits for, down to the last: its own stack shows the outermost alone."""
    places = []
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None) or getattr(coroutine, "ag_frame", None)
        places.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}" if frame else repr(coroutine))
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None) or getattr(coroutine, "ag_await", None)
    return " > ".join(places)


def sockets(port):
    """Both ends of the connections to that port: local address, remote address, state, and what is queued to be sent and to be read."""
    with open("/proc/net/tcp") as file:
        lines = [line.split()[1:5] for line in file if f":{port:04X} " in line]
    return "".join(" ".join(line) + "\n" for line in lines)


# Said when it hangs.
log = []
logging.basicConfig(level=logging.DEBUG, handlers=[Log()])


async def main(mode, url, *rest):
    work = asyncio.create_task(publish(url, int(rest[0])) if mode == "publish" else subscribe(url))
    ended, _ = await asyncio.wait([work], timeout=15)
    if not ended:
        # Said and left at once: what hangs may hang in its own end too.
        for task in asyncio.all_tasks():
            sys.stdout.write(waits(task.get_coro()) + "\n")
        sys.stdout.write(sockets(urlsplit(url).port))
        for line in log[-60:]:
            sys.stdout.write(line + "\n")
        sys.stdout.write("failed: nothing came of it for 15 s\n")
        sys.stdout.flush()
        os._exit(1)
    sys.stdout.write(work.result())


try:
    asyncio.run(main(*sys.argv[1:]))
except BaseException as error:
    sys.stdout.write(f"failed: {error!r}\n")
