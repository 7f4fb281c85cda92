"""A runner for measuring: bare asyncio, so that little of what is measured is its own. Usage: echo.py PORT"""
import asyncio
import base64
import hashlib
import sys
import time


async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            target = head.split(" ", 2)[1]
            fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])}
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            if "upgrade" in fields:
                return await frames(reader, writer, fields["sec-websocket-key"])
            if target.startswith("/events"):
                return await events(writer, int(target.partition("n=")[2]))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % max(2, len(body)) + (body or b"ok"))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def frames(reader, writer, key):
    proof = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + proof + b"\r\n\r\n")
    while True:
        first, length = await reader.readexactly(2)
        if first & 15 == 8:
            return
        masked = (await reader.readexactly(4 + (length & 127)))[4:]  # the measuring client masks with zeros
        writer.write(bytes([first, len(masked)]) + masked)
        await writer.drain()


async def events(writer, count):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(count):
        await asyncio.sleep(0.002)
        event = b"data: %.7f\n\n" % time.clock_gettime(time.CLOCK_MONOTONIC)
        writer.write(b"%x\r\n%s\r\n" % (len(event), event))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
