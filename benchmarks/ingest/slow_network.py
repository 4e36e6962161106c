"""A network that takes time: everything that goes to a server through it arrives so much later.

python benchmarks/ingest/slow_network.py PORT SERVER_PORT MILLISECONDS
"""

import asyncio
import contextlib
import sys

_CHUNK_BYTES = 65_536


async def serve(port: int, server_port: int, *, seconds: float) -> None:
    async def connect(near_reader: asyncio.StreamReader, near_writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", server_port)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(_late(near_reader, far_writer, seconds=seconds), _at_once(far_reader, near_writer))

    server = await asyncio.start_server(connect, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


async def _late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, seconds: float) -> None:
    """Each chunk by itself, so that a request of several chunks takes no longer than one."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, chunk = await under_way.get()
            await asyncio.sleep(max(0, due - loop.time()))
            if not chunk:
                return
            writer.write(chunk)
            await writer.drain()

    delivering = asyncio.create_task(deliver())
    chunk = b"-"
    while chunk:
        chunk = await reader.read(_CHUNK_BYTES)
        await under_way.put((loop.time() + seconds, chunk))
    await delivering
    writer.close()


async def _at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), seconds=float(sys.argv[3]) / 1000))
