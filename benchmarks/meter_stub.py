"""A stub of Stripe's meter events, as a process of its own: answers each call after a pause."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from benchmarks.replaying import HOST

BODY = b'{"object":"billing.meter_event","created":1,"event_name":"x","identifier":"x","livemode":false,"timestamp":1}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nRequest-Id: req_1\r\nContent-Length: %d\r\n\r\n%s" % (
    len(BODY),
    BODY,
)


@contextmanager
def meter_stub(pause_seconds: float) -> Iterator[str]:
    """Run the stub until the block ends; its address."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=run, args=(pause_seconds, theirs), daemon=True)
    process.start()
    try:
        yield f"http://{HOST}:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def run(pause_seconds: float, started: Connection) -> None:
    asyncio.run(serve(pause_seconds, started))


async def serve(pause_seconds: float, started: Connection) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(length_of(head))
                await asyncio.sleep(pause_seconds)
                writer.write(ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, HOST, 0)
    started.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def length_of(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
