"""A webhook receiver that keeps what it is sent and answers as it is told."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class Receiver(ThreadingHTTPServer):
    """Listens on a free port of this machine; `statuses` are given out one by one, then 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Delivery)
        self.received: list[tuple[bytes, str]] = []
        self.statuses: list[int] = []
        self.arrived = threading.Condition()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/webhooks/stripe/token"

    def take(self, body: bytes, signature: str) -> int:
        """Keep a delivery; the status to answer with."""
        with self.arrived:
            self.received.append((body, signature))
            self.arrived.notify_all()
            return self.statuses.pop(0) if self.statuses else 200

    def wait_for(self, count: int, timeout: float = 10) -> None:
        """Wait until `count` deliveries have come. Raises TimeoutError."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: len(self.received) >= count, timeout):
                raise TimeoutError(f"{len(self.received)} deliveries of {count}")

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()


class Delivery(BaseHTTPRequestHandler):
    """One connection from the sender."""

    server: Receiver
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 5

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.take(body, self.headers.get("Stripe-Signature", ""))
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Tests read `received`."""
