"""pytrickle's own publisher and subscriber against a server of ours; run by TricklePeerTests.

Usage: pytrickle_peer.py publish URL COUNT | subscribe URL
"""
import asyncio
import importlib.util
import sys
import types

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


async def publish(url, count):
    async with Publisher(url, mime_type="video/mp2t") as publisher:
        for number in range(count):
            # It would take the same number again before its next request is under way, and others take it by a way of their own.
            while number and (publisher.next_writer is None or await latest(publisher) < number):
                await asyncio.sleep(0.001)
            async with await publisher.next() as segment:
                for piece in range(3):
                    await segment.write(f"segment {number} piece {piece}\n".encode() * 1000)
        # Its close calls off what is still on its way.
        while await latest(publisher) < count:
            await asyncio.sleep(0.001)
    return "published\n"


async def subscribe(url):
    text = ""
    async with TrickleSubscriber(url, start_seq=0) as subscriber:
        while segment := await subscriber.next():
            text += f"[{segment.seq()} {segment.response.headers['Content-Type']}]\n"
            while piece := await segment.read():
                text += piece.decode()
    return text


async def main(mode, url, *rest):
    done = await asyncio.wait_for(publish(url, int(rest[0])) if mode == "publish" else subscribe(url), 30)
    sys.stdout.write(done)


try:
    asyncio.run(main(*sys.argv[1:]))
except BaseException as error:
    sys.stdout.write(f"failed: {error!r}\n")
