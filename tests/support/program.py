"""The real programs as processes of their own: what was printed, how they ended."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("billingportal")
# Seconds. Generous, since tests run on small and busy machines.
LIMIT = 60
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment without anybody's PORTAL_ settings but these."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return {**own, **settings}


def portal(
    *arguments: str, settings: Mapping[str, str] = NO_SETTINGS, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `billingportal` to its end with these settings."""
    return subprocess.run(
        [str(COMMAND), *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        cwd=cwd,
        env=environment(settings),
    )


def wait_until(is_so: Callable[[], bool], what: str, limit: float = LIMIT) -> None:
    """Look again and again until it is so. Raises TimeoutError."""
    pause = threading.Event()
    end = time.monotonic() + limit
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(what)
        pause.wait(0.05)


class Program:
    """A program that goes on until it is told to end. What it prints goes to a file."""

    def __init__(self, command: list[str], output: Path, settings: Mapping[str, str] = NO_SETTINGS) -> None:
        self.output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environment(settings))

    @property
    def printed(self) -> str:
        return self.output.read_text()

    def wait_for(self, words: str) -> None:
        """Wait until it has printed the words. Raises TimeoutError with all it printed instead."""
        wait_until(lambda: words in self.printed or self.process.poll() is not None, words)
        if words not in self.printed:
            raise TimeoutError(f"ended without {words!r}: {self.printed}")

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Tell it to end; its exit status. Raises TimeoutExpired when it does not."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(LIMIT)
