"""Visitors who are slow on purpose, or on a bad connection, beside a normal one."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Self

Manner = Literal["nothing", "head", "body", "reading"]
Connect = Callable[[], socket.socket]
MANNERS: dict[Manner, str] = {
    "nothing": "connect, and send nothing",
    "head": "send a byte of the head a second",
    "body": "send a byte of the body a second",
    "reading": "read a byte of the answer a second",
}
BEGINNINGS: dict[Manner, str] = {
    "nothing": "",
    "head": "GET /sign-in HTTP/1.1\r\nHost: {host}\r\nX-Slow: ",
    "body": "POST /sign-in HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: 100000\r\n\r\n",
    "reading": "GET {page} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\n\r\n",
}
# Seconds. No visitor waits longer for a page.
PATIENCE = 12.0


class Crowd:
    """Many slow connections of one manner, from one thread. A closed one is opened again."""

    def __init__(self, connect: Connect, count: int, manner: Manner, *, host: str, page: str) -> None:
        self.connect = connect
        self.manner = manner
        self.beginning = BEGINNINGS[manner].format(host=host, page=page).encode()
        self.open: list[socket.socket | None] = [None] * count
        self.turned_away = 0
        self.all_there = threading.Event()
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.live)

    def live(self) -> None:
        while True:
            for place, one in enumerate(self.open):
                if self.is_over.is_set():
                    return
                self.open[place] = self.begun() if one is None else self.gone_on(one)
            self.all_there.set()
            self.is_over.wait(1)

    def begun(self) -> socket.socket | None:
        try:
            one = self.connect()
            one.sendall(self.beginning)
            one.setblocking(False)
        except OSError:
            return None
        return one

    def gone_on(self, one: socket.socket) -> socket.socket | None:
        """Send or read one byte more. None when the server closed the connection."""
        try:
            if self.manner in ("head", "body"):
                one.send(b"x")
            is_over = one.recv(1 if self.manner == "reading" else 4096) == b""
        except (BlockingIOError, TimeoutError):
            return one
        except OSError as error:
            is_over = "want" not in type(error).__name__.lower()  # TLS waits for more
        if not is_over:
            return one
        one.close()
        self.turned_away += 1
        return None

    def __enter__(self) -> Self:
        self.thread.start()
        self.all_there.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.thread.join()
        for one in self.open:
            if one is not None:
                one.close()


@dataclass
class Use:
    """The result of pages requested one after the other: seconds of each, and how many were missing."""

    seconds: list[float] = field(default_factory=list)
    missing: int = 0


def use(connect: Connect, path: str, host: str, duration: float, pause: float = 0.2) -> Use:
    """Request a page repeatedly for `duration` seconds, each time on a new connection."""
    met, end = Use(), time.monotonic() + duration
    while time.monotonic() < end:
        started = time.monotonic()
        try:
            is_there = ask(connect, path, host)
        except OSError:
            is_there = False
        if is_there:
            met.seconds.append(time.monotonic() - started)
        else:
            met.missing += 1
        time.sleep(pause)
    return met


def ask(connect: Connect, path: str, host: str, patience: float = PATIENCE) -> bool:
    """Whether the page arrived within `patience` seconds."""
    deadline = time.monotonic() + patience
    with connect() as one:
        one.settimeout(patience)
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while received := one.recv(65536):
            answer += received
            one.settimeout(max(0.01, deadline - time.monotonic()))
    return answer.startswith(b"HTTP/1.1 200")
