"""Sends signed events over keep-alive connections, from one thread, so that the servers have the processors."""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import stripe

from benchmarks.author import Event

HOST = "127.0.0.1"


@dataclass
class Connection:
    """One connection with its running request."""

    socket: socket.socket
    started: float = 0.0
    answer: bytes = b""


@dataclass
class Replay:
    """The result of one round: total seconds, seconds of each request, and the answers that were refusals."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refusals: list[bytes] = field(default_factory=list)


def replay(port: int, path: str, secret: str, events: Sequence[Event], connections: int) -> Replay:
    """Send the events in their order, each on the next connection that is free."""
    return replay_requests(port, [request(path, secret, event) for event in events], connections)


def replay_requests(port: int, messages: Sequence[bytes], connections: int) -> Replay:
    """Send whole requests in their order, each on the next connection that is free."""
    waiting = iter(messages)
    done = Replay()
    with selectors.DefaultSelector() as selector:
        opened = [Connection(socket.create_connection((HOST, port))) for _ in range(connections)]
        started = time.perf_counter()
        for connection in opened:
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            send_next(connection, waiting)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        while len(done.latencies) < len(messages):
            for key, _ in selector.select():
                receive(key.data, waiting, done)
        done.seconds = time.perf_counter() - started
        for connection in opened:
            connection.socket.close()
    return done


def request(path: str, secret: str, event: Event) -> bytes:
    """The request as bytes. The signature is made now, as a server accepts it for five minutes only."""
    body = event.body.encode()
    signature = stripe.WebhookSignature.generate_signature_header(event.body, secret)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\n"
        "Content-Type: application/json; charset=utf-8\r\nAccept: */*; q=0.5, application/xml\r\n"
        f"Cache-Control: no-cache\r\nStripe-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send_next(connection: Connection, waiting: Iterator[bytes]) -> None:
    message = next(waiting, None)
    if message is not None:
        connection.answer = b""
        connection.started = time.perf_counter()
        connection.socket.sendall(message)


def receive(connection: Connection, waiting: Iterator[bytes], done: Replay) -> None:
    received = connection.socket.recv(65536)
    if not received:
        raise ConnectionError("the server closed a connection")
    connection.answer += received
    if is_whole(connection.answer):
        done.latencies.append(time.perf_counter() - connection.started)
        if not connection.answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 304")):
            done.refusals.append(connection.answer)
        send_next(connection, waiting)


def is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    _, _, length = head.lower().partition(b"content-length:")
    return len(body) >= int(length.split(b"\r\n")[0] or 0)
