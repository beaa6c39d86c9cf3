"""The web server: gunicorn with threads, configured here instead of in a file of its own."""

import socket
import time
from contextlib import suppress

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import TConn, ThreadWorker

from billingportal.config import LogFormat
from billingportal.runtime.logs import REQUEST_LINE, log_config
from billingportal.runtime.process import end_with_parent
from billingportal.web.common.input.url_parameters import secret_paths

WORKERS = 2
THREADS = 8
# Seconds that running requests may take to finish when the server ends.
GRACE = 5
# Seconds. Longer than the 60 seconds of the usual proxies, so that we never close a connection first.
KEEP_ALIVE = 75
# Bytes of a body that are read and discarded where the view did not read it. More than the proxies of deploy/ let
# through: a proxy that is cut off while it sends does not pass our answer on, but answers "bad gateway".
READ_UNASKED = 6 * 1024 * 1024
# Seconds within which a complete request must arrive. Proxies that buffer requests send them at once.
READING = 10


class WebServer(BaseApplication):
    """Serves one application, which is made before the workers are forked, so that they share its memory."""

    def __init__(self, app: Flask, options: dict[str, object]) -> None:
        self.app = app
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:  # type: ignore[override]  # the stubs want less of start_response than WSGI gives
        return self.app


class PortalWorker(ThreadWorker):
    """A worker with a deadline per request: gunicorn's own would block a thread for ever on a stalled visitor."""

    deadlines: dict[TConn, float]

    def init_process(self) -> None:
        """Run the worker in its process until it ends."""
        self.deadlines = {}
        super().init_process()

    def handle(self, conn: TConn) -> bool:
        """Read a request and answer it, in a thread."""
        self.deadlines[conn] = time.monotonic() + READING
        try:
            return super().handle(conn)
        finally:
            del self.deadlines[conn]

    def handle_request(self, req: Request, conn: TConn) -> bool:
        """Answer a request; whether the connection can be used for another one."""
        is_good = super().handle_request(req, conn)
        if isinstance(conn.parser, RequestParser):
            conn.parser.finish_body(deadline=time.monotonic() + READING, max_bytes=READ_UNASKED)
        return is_good

    def murder_pending(self) -> None:
        """Close connections that wait for too long; the main loop calls this every second.

        A request that takes too long to arrive is read no further. This does nothing to a request that has arrived
        completely: its answer is sent, however long it takes.
        """
        super().murder_pending()
        for conn, deadline in self.deadlines.copy().items():
            if deadline < time.monotonic():
                with suppress(OSError):  # it may be closed already
                    conn.sock.shutdown(socket.SHUT_RD)


def end_with_server(_: Arbiter, worker: Worker) -> None:
    """End a worker with its server: gunicorn's workers check for the server once a second, and never while busy."""
    end_with_parent(worker.ppid)


def options(address: str, workers: int, threads: int, logging: dict[str, object]) -> dict[str, object]:
    """gunicorn's settings. It trusts no forwarding headers: only PORTAL_TRUSTED_PROXIES decides about them."""
    return {
        "bind": address,
        "worker_class": PortalWorker,
        "workers": workers,
        "threads": threads,
        "preload_app": True,
        "graceful_timeout": GRACE,
        "keepalive": KEEP_ALIVE,
        "forwarded_allow_ips": "",
        "control_socket_disable": True,
        "pre_request": announce_close,
        "proc_name": "billingportal",
        "post_fork": end_with_server,
        "access_log_format": REQUEST_LINE,
        "logconfig_dict": logging,
    }


def announce_close(worker: Worker, request: Request) -> None:
    """Announce `Connection: close` where gunicorn may close it: after a body that is too long to be discarded.

    Otherwise a proxy that keeps its connections would send the next request on one that is about to close.
    """
    lengths = [value for name, value in request.headers if name == "CONTENT-LENGTH"]
    is_chunked = any(name == "TRANSFER-ENCODING" for name, _ in request.headers)
    if is_chunked or any(int(length) >= READ_UNASKED for length in lengths):
        request.force_close()


def serve(app: Flask, address: str, log_format: LogFormat, *, workers: int = WORKERS, threads: int = THREADS) -> None:
    """Serve until SIGTERM or SIGINT, then end the process. `address`: HOST:PORT, or fd://N of a listening socket."""
    logging = log_config(log_format, secret_paths(app.url_map))
    WebServer(app, options(address, workers, threads, logging)).run()
