"""HTTP/1.1 on a bare socket: reads the octets that an answer announces, so that one too many or too few shows."""

import gzip
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

# Seconds without an octet, after which what was announced does not come.
LIMIT = 20
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Misframed(AssertionError):
    """What came is not what the head announced."""


@dataclass(frozen=True)
class Answer:
    """One answer. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    cookies: tuple[str, ...]
    body: bytes

    @property
    def text(self) -> str:
        content = gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body
        return content.decode()


class Wire:
    """One connection, used again for every request as long as the server does not say that it closes it."""

    def __init__(
        self, port: int, *, tls: ssl.SSLContext | None = None, name: str = "", source: str = "127.0.0.1"
    ) -> None:
        """`tls` encrypts for a server of this name; `source` is the address of this machine that is called from."""
        plain = socket.create_connection(("127.0.0.1", port), timeout=LIMIT, source_address=(source, 0))
        self.socket = tls.wrap_socket(plain, server_hostname=name) if tls else plain
        self.waiting = b""
        self.is_open = True

    def ask(self, method: str, path: str, headers: Mapping[str, str] = NO_HEADERS, body: bytes | None = None) -> Answer:
        """Send one request and read its answer. Raises Misframed."""
        own = {"Host": "127.0.0.1"} | ({} if body is None else {"Content-Length": str(len(body))}) | dict(headers)
        head = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in own.items())]
        self.send("\r\n".join(head).encode() + b"\r\n\r\n" + (body or b""))
        return self.answer(method)

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def answer(self, method: str = "GET") -> Answer:
        """The next answer on this connection, to a request of this method. Raises Misframed."""
        status, headers, cookies = self.head()
        while 100 <= status < 200:
            status, headers, cookies = self.head()
        answer = Answer(status, headers, cookies, self.body(method, status, headers))
        if headers.get("connection", "").lower() == "close":
            self.expect_end()
        return answer

    def head(self) -> tuple[int, dict[str, str], tuple[str, ...]]:
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, _, rest = lines[0].partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise Misframed(f"no answer begins with {lines[0]!r}")
        pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        cookies = tuple(value for name, value in pairs if name == "set-cookie")
        return int(rest[:3]), dict(pairs), cookies

    def body(self, method: str, status: int, headers: Mapping[str, str]) -> bytes:
        """What follows the head, by RFC 9112, section 6.3."""
        length, coding = headers.get("content-length"), headers.get("transfer-encoding")
        if length is not None and coding is not None:
            raise Misframed("both a length and chunks are announced")
        if method == "HEAD" or status in (204, 304):
            if status == 204 and length is not None:
                raise Misframed("a length is announced with 204")
            return b""
        if coding == "chunked":
            return self.chunks()
        if length is not None:
            return self.exactly(int(length))
        if headers.get("connection", "").lower() != "close":
            raise Misframed("nothing says where the body ends")
        return self.rest()

    def chunks(self) -> bytes:
        content = b""
        while (size := int(self.until(b"\r\n"), 16)) > 0:
            content += self.exactly(size)
            if self.exactly(2) != b"\r\n":
                raise Misframed("a chunk is longer than it says")
        if self.exactly(2) != b"\r\n":
            raise Misframed("the last chunk is not the end")
        return content

    def until(self, end: bytes) -> bytes:
        while end not in self.waiting:
            self.receive(f"before {end!r}")
        found, _, self.waiting = self.waiting.partition(end)
        return found

    def exactly(self, count: int) -> bytes:
        while len(self.waiting) < count:
            self.receive(f"after {len(self.waiting)} of {count} octets")
        found, self.waiting = self.waiting[:count], self.waiting[count:]
        return found

    def receive(self, place: str) -> None:
        try:
            received = self.socket.recv(65536)
        except TimeoutError:
            raise Misframed(f"nothing came for {LIMIT} seconds {place}, after {self.waiting[:80]!r}") from None
        if not received:
            raise Misframed(f"the connection ended {place}, after {self.waiting[:80]!r}")
        self.waiting += received

    def rest(self) -> bytes:
        found, self.waiting = self.waiting, b""
        while received := self.socket.recv(65536):
            found += received
        self.is_open = False
        return found

    def expect_end(self) -> None:
        """Nothing follows but the end. Raises Misframed."""
        if self.is_open and (left := self.rest()):
            raise Misframed(f"after the body comes {left[:80]!r}")

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
