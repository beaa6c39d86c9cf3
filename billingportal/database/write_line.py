"""SQLite has one writer at a time: its line, over all threads and processes of this machine."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from billingportal.clock import now
from billingportal.database.write_gate import Wait

# Seconds between two looks: at the processes' line while it moves, and while it does not; at the threads' line.
QUICK_LOOK = 0.0005
SLOW_LOOK = 0.02
THREAD_LOOK = 0.1
# The file holds the process that is first in line, and the moment of the last write, each in a place of its own.
PROCESS_WIDTH = 12
MOMENT_WIDTH = 20
PRIVATE = 0o600


@dataclass(frozen=True)
class Look:
    """The process that is first in line, and how many seconds ago the last write began. None where there is none."""

    process: int | None
    seconds: int | None


class WriteLine:
    """SQLite itself has no line: who finds it locked sleeps longer and longer, up to 0.1 s, while others slip in.

    One thread of each process looks at the lock file again and again, since a thread that waits inside the kernel
    waits without limit: a writer that is stopped while it has the lock would stop everybody.
    """

    def __init__(self, database: Path) -> None:
        self._path = Path(f"{database}-turn")
        self._threads = threading.Lock()

    @contextmanager
    def turn(self, wait: Wait) -> Iterator[int]:
        """Wait for the turn to write. Gives the open lock file. Raises DatabaseBusy after the time of this wait."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, PRIVATE)
        try:
            self._wait(file, wait)
            yield file
        finally:
            os.close(file)

    def _wait(self, file: int, wait: Wait) -> None:
        while not self._threads.acquire(timeout=THREAD_LOOK):
            wait.check()
        try:
            started = time.monotonic()
            while not is_locked(file):
                wait.check()
                time.sleep(QUICK_LOOK if time.monotonic() - started < 1 else SLOW_LOOK)
        finally:
            self._threads.release()
        os.pwrite(file, f"{os.getpid():{PROCESS_WIDTH}}".encode(), 0)

    def look(self) -> Look:
        """Who writes, and since when. Takes part in no line, and lets a writer wait for no longer than the look."""
        try:
            file = os.open(self._path, os.O_RDWR)
        except FileNotFoundError:
            return Look(None, None)
        try:
            return read_look(file, is_free=is_locked(file))
        finally:
            os.close(file)


def read_look(file: int, *, is_free: bool) -> Look:
    text = os.pread(file, PROCESS_WIDTH + MOMENT_WIDTH, 0).decode()
    process, moment = text[:PROCESS_WIDTH].strip(), text[PROCESS_WIDTH:].strip()
    seconds = max(0, int(now().timestamp()) - int(moment)) if moment else None
    return Look(None if is_free or not process else int(process), seconds)


def is_locked(file: int) -> bool:
    """Take the lock if it is free."""
    try:
        flock(file, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True


def mark_write(file: int) -> None:
    """Note that a write begins now. The wall clock, since other processes read it, also after a restart."""
    os.pwrite(file, f"{int(now().timestamp()):{MOMENT_WIDTH}}".encode(), PROCESS_WIDTH)
