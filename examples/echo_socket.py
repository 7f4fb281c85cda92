"""A WebSocket worker: says back what it hears. Its sessions last as long as their connections.

    python3 examples/echo_socket.py https://127.0.0.1:8935 SECRET            needs aiohttp
    python3 -m websockets ws://127.0.0.1:9935/apps/demo/echo/
"""
import asyncio
import sys

from aiohttp import ClientError, ClientSession, WSMsgType, web

ORCHESTRATOR, SECRET = sys.argv[1], sys.argv[2]


async def echo(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type == WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


async def heartbeat(port):
    beat = {"runner_url": f"http://127.0.0.1:{port}", "app": "demo/echo", "mode": "persistent", "capacity": 8}
    proof = SECRET
    async with ClientSession() as client:
        while True:
            try:
                async with client.post(
                    f"{ORCHESTRATOR}/runners/heartbeat", json=beat, headers={"Authorization": proof}, ssl=False
                ) as answer:
                    answer.raise_for_status()
                    told = await answer.json()
                    beat["runner_id"], proof = told["runner_id"], told.get("heartbeat_secret", proof)
            except (ClientError, OSError) as error:
                print("heartbeat:", error, file=sys.stderr)
                beat.pop("runner_id", None)  # forgotten there: begin anew
                proof = SECRET
            await asyncio.sleep(5)


async def main():
    app = web.Application()
    app.add_routes([web.get("/", echo)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    await heartbeat(site._server.sockets[0].getsockname()[1])


asyncio.run(main())
