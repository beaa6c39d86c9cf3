"""A server at Stripe's address that misbehaves as it is told, or passes requests on to the sandbox."""

import http.client
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path


# What is done with a request's socket. The connection is closed afterwards.
Manner = Callable[["Conversation"], None]


class Misbehaving(ThreadingTCPServer):
    """Listens on a free port. Without a manner, requests go on to the sandbox and its answers come back.

    `reaches_stripe`: the sandbox gets the request first, and its answer is lost. `paths` are those that are
    misbehaved at, all where it is empty.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, sandbox_url: str = "", tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.sandbox_url = sandbox_url
        self.tls = tls
        self.manner: Manner | None = None
        self.reaches_stripe = False
        self.paths: tuple[str, ...] = ()
        self.asked: list[Asked] = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server_address[1]}"

    @property
    def answers_nothing(self) -> bool:
        """Whether every request is misbehaved at, and none gets to the sandbox."""
        return self.manner is not None and not self.reaches_stripe and not self.paths

    def behave(self) -> None:
        """Pass everything on again."""
        self.manner = None
        self.reaches_stripe = False
        self.paths = ()
        self.asked.clear()

    def manner_for(self, asked: Asked) -> Manner | None:
        if self.paths and not any(part in asked.path for part in self.paths):
            return None
        return self.manner

    def handle_error(self, request: object, client_address: object) -> None:
        """The portal may hang up at any time."""

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.shutdown()
        self.thread.join()
        self.server_close()


class Conversation(BaseRequestHandler):
    """One connection, with one request."""

    server: Misbehaving
    request: socket.socket

    def handle(self) -> None:
        self.request.settimeout(15)
        if self.server.tls:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        with self.request:
            self.answer()

    def answer(self) -> None:
        self.asked = read(self.request)
        self.server.asked.append(self.asked)
        manner = self.server.manner_for(self.asked)
        answer = self.passed_on() if manner is None or self.server.reaches_stripe else b""
        if manner is None:
            self.say(answer)
        else:
            manner(self)

    def say(self, data: bytes) -> None:
        self.request.sendall(data)

    def drip(self, data: bytes, seconds: float) -> None:
        """One byte at a time, for as long as somebody listens."""
        for position in range(len(data)):
            self.say(data[position : position + 1])
            if self.server.ended.wait(seconds):
                return

    def reset(self) -> None:
        """Hang up without a goodbye."""
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def passed_on(self) -> bytes:
        host = urlsplit(self.server.sandbox_url).netloc
        connection = http.client.HTTPConnection(host, timeout=30)
        headers = {name: value for name, value in self.asked.headers.items() if name != "host"}
        connection.request(self.asked.method, self.asked.target, self.asked.body, headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        left_out = ("content-length", "transfer-encoding", "connection")
        kept = [f"{name}: {value}" for name, value in answer.getheaders() if name.lower() not in left_out]
        head = [f"HTTP/1.1 {answer.status} {answer.reason}", *kept, f"Content-Length: {len(body)}", "Connection: close"]
        return "\r\n".join([*head, "", ""]).encode() + body


def read(sock: socket.socket) -> Asked:
    """The whole request. Raises ConnectionError when nobody asks."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += received(sock)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += received(sock)
    method, target, _ = first.split(" ")
    return Asked(method, target, headers, body)


def received(sock: socket.socket) -> bytes:
    data = sock.recv(65536)
    if not data:
        raise ConnectionError("nobody asks")
    return data
