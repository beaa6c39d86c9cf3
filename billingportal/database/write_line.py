"""The queue of SQLite's writers, over all threads and processes of this machine: SQLite has one writer at a time."""

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

# Seconds between two tries: for the processes' lock in the first second, and after it; for the threads' lock.
QUICK_LOOK = 0.0005
SLOW_LOOK = 0.02
THREAD_LOOK = 0.1
# The file has the id of the first process in the queue, then the time of the last write, at these fixed widths.
PROCESS_WIDTH = 12
MOMENT_WIDTH = 20
PRIVATE = 0o600


@dataclass(frozen=True)
class Look:
    """The id of the first process in the queue, and the seconds since the last write began. None if there is none."""

    process: int | None
    seconds: int | None


class WriteLine:
    """SQLite itself has no queue: a writer that finds it locked sleeps ever longer, up to 0.1 s; others overtake it.

    One thread of each process polls the lock file, since a thread that waits inside the kernel waits without limit:
    a writer that is stopped while it has the lock would stop all the others.
    """

    def __init__(self, database: Path) -> None:
        self._path = Path(f"{database}-turn")
        self._threads = threading.Lock()

    @contextmanager
    def turn(self, wait: Wait) -> Iterator[int]:
        """Wait for the turn to write. Yields the open lock file. Raises DatabaseBusy when the wait's time is over."""
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
        """The process that writes, and since when. Joins no queue, and delays a writer only while it looks."""
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
    """Take the lock if it is free; whether it was."""
    try:
        flock(file, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True


def mark_write(file: int) -> None:
    """Record that a write begins now, on the wall clock, since other processes read it, also after a restart."""
    os.pwrite(file, f"{int(now().timestamp()):{MOMENT_WIDTH}}".encode(), PROCESS_WIDTH)
