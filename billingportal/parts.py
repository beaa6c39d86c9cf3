"""The processes that make up a running portal: they start together, and when one ends, all end."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess

# Seconds.
START_LIMIT = 60
END_LIMIT = 12
PR_SET_PDEATHSIG = 1
SIGNALS_TO_END = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# A forked process has everything imported already, which halves the time until the portal answers.
fork = multiprocessing.get_context("fork")


class Parts:
    """Starts, watches and ends the parts. Make it in the main thread: it takes over the signals that end a program."""

    def __init__(self) -> None:
        self._told_to_end = threading.Event()
        self._processes: list[BaseProcess] = []
        for number in SIGNALS_TO_END:
            signal.signal(number, lambda *_: self._told_to_end.set())

    def start(self, name: str, target: Callable[[], None]) -> None:
        """Run a function in a process of its own."""
        process = fork.Process(target=as_part, args=(target,), name=name)
        process.start()
        self._processes.append(process)

    def wait_until(self, is_ready: Callable[[], bool]) -> bool:
        """Wait until something is ready. False when it will not be: a part ended, we were told to, or time ran out."""
        limit = time.monotonic() + START_LIMIT
        while not is_ready():
            if self._told_to_end.wait(0.05) or self._ended() or time.monotonic() > limit:
                return False
        return True

    def run_until_end(self) -> int:
        """Wait until we are told to end or a part ends, then end all parts. The exit status."""
        while not self._told_to_end.wait(0.2) and self._ended() is None:
            pass
        culprit = None if self._told_to_end.is_set() else self._ended()
        self.end()
        if culprit is None:
            return 0
        sys.stderr.write(f"billingportal: the {culprit.name} ended (exit code {culprit.exitcode}), so all ended.\n")
        return 1

    def end(self) -> None:
        """Ask the parts to end, the last one first, and insist after a while."""
        limit = time.monotonic() + END_LIMIT
        for process in reversed(self._processes):
            process.terminate()
            process.join(max(0, limit - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()

    def _ended(self) -> BaseProcess | None:
        return next((process for process in self._processes if not process.is_alive()), None)


def as_part(target: Callable[[], None]) -> None:
    """Ctrl-C in the terminal reaches the parent alone, which ends its parts in order. They never outlive it."""
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    for number in SIGNALS_TO_END:
        signal.signal(number, signal.SIG_DFL)
    target()
