"""The sandbox for tests: in this process, or as one of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import stripe

from billingportal.sandbox.http.server import Sandbox as Server
from billingportal.sandbox.state.store import first_world

stripe.enable_telemetry = False  # would write a file into the home folder of whoever runs the tests

REPOSITORY = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class SandboxAccount:
    """An account with the keys that tests need most."""

    id: str
    test_key: str
    live_key: str


class SandboxClient:
    """A sandbox that runs at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, path: str, /, *, verb: str | None = None, **given: object) -> Any:
        """Call the control API: POST with what is given, else GET, unless `verb` says so; a path may have a query."""
        data = json.dumps(given).encode() if given or verb == "POST" else None
        request = urllib.request.Request(f"{self.url}/__control/{path}", data=data, method=verb)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def account(self, position: int = 0) -> SandboxAccount:
        """One of the accounts, the first unless said."""
        account = self.control("state")["accounts"][position]
        keys = {mode: part["keys"][0]["secret"] for mode, part in account["modes"].items()}
        return SandboxAccount(account["id"], keys["test"], keys["live"])

    def client(self, key: str) -> stripe.StripeClient:
        """The official SDK, talking to the sandbox, without retries."""
        addresses = dict.fromkeys(("api", "connect", "files", "meter_events"), self.url)
        return stripe.StripeClient(key, base_addresses=addresses, max_network_retries=0)  # type: ignore[arg-type]

    def objects(self, account: str, mode: str, kind: str) -> list[dict[str, Any]]:
        """Every object of a kind, nothing hidden, deleted ones marked."""
        answer = self.control(f"objects?account={account}&mode={mode}&type={kind}")
        return list(answer["objects"])

    def wait_for_deliveries(self, timeout: float = 10) -> None:
        """Wait until every event has been delivered. Raises TimeoutError."""
        if not self.control("delivery/wait", timeout=timeout)["idle"]:
            raise TimeoutError("the sandbox still has events to deliver")


class Sandbox(SandboxClient):
    """A sandbox in this process, in memory: `with Sandbox.start() as sandbox`."""

    def __init__(self, server: Server) -> None:
        super().__init__(server.url)
        self.server = server

    @classmethod
    def start(cls, port: int = 0) -> Self:
        """Start one on a free port."""
        server = Server(first_world(), "127.0.0.1", port)
        server.start()
        return cls(server)

    def stop(self) -> None:
        """End it, with every thread and connection."""
        self.server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class SandboxProcess(SandboxClient):
    """A sandbox as a process of its own, which keeps its state in a folder over restarts."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        super().__init__(f"http://127.0.0.1:{self.port}")
        self.state = folder / "sandbox.json"
        command = [sys.executable, "-m", "billingportal.sandbox", "--port", str(self.port), "--state", str(self.state)]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline().strip()
        if not self.first_line:
            self.stop()
            raise RuntimeError("the sandbox did not start")

    def stop(self) -> int:
        """End it as a service manager would; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=20)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
