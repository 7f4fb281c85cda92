"""An application behind an orchestrator, for the tests: aiohttp on a free port, which it prints. Usage: runner_app.py

/health, /events (three server-sent events, then waits when asked to), /socket (WebSocket echo), /die (breaks off in the middle of its
answer), /hang, /flood (no end), /big?n=BYTES; everything else tells what it was asked.
"""
import asyncio
import json

from aiohttp import WSMsgType, web


async def tell(request):
    body = await request.text()
    return web.json_response({"method": request.method, "path": request.path_qs, "echo": body, "hdr": dict(request.headers)})


async def health(request):
    return web.Response(status=request.app["state"]["health"])


async def set_health(request):
    request.app["state"]["health"] = int(await request.text())
    return web.Response()


async def events(request):
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await answer.prepare(request)
    state = request.app["state"]
    state["readers"] += 1
    try:
        for number in range(3):
            await answer.write(f"data: {number}\n\n".encode())
            await asyncio.sleep(0.01)
        while "wait" in request.query:
            await asyncio.sleep(0.05)
            await answer.write(b": tick\n\n")
    finally:
        state["readers"] -= 1
    return answer


async def readers(request):
    return web.Response(text=str(request.app["state"]["readers"]))


async def echo(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    state = request.app["state"]
    state["readers"] += 1
    try:
        async for message in socket:
            if message.type == WSMsgType.TEXT and message.data == "vanish":
                request.transport.abort()
                break
            if message.type == WSMsgType.TEXT:
                await socket.send_str(message.data)
            elif message.type == WSMsgType.BINARY:
                await socket.send_bytes(message.data)
    finally:
        state["readers"] -= 1
    return socket


async def die(request):
    answer = web.StreamResponse(headers={"Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b"the beginning")
    request.transport.abort()
    return answer


async def hang(request):
    request.app["state"]["readers"] += 1
    try:
        await asyncio.sleep(3600)
    finally:
        request.app["state"]["readers"] -= 1


async def flood(request):
    answer = web.StreamResponse()
    await answer.prepare(request)
    state = request.app["state"]
    while True:
        await answer.write(bytes(65536))
        state["sent"] += 65536


async def sent(request):
    return web.Response(text=str(request.app["state"]["sent"]))


async def big(request):
    return web.Response(body=bytes(int(request.query["n"])))


async def main():
    app = web.Application(client_max_size=256 << 20)
    app["state"] = {"health": 200, "readers": 0, "sent": 0}
    app.add_routes([
        web.get("/health", health), web.post("/health", set_health), web.get("/events", events), web.get("/readers", readers),
        web.get("/socket", echo), web.get("/die", die), web.get("/hang", hang), web.post("/hang", hang), web.get("/flood", flood),
        web.get("/sent", sent), web.get("/big", big), web.route("*", "/{rest:.*}", tell)])
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
