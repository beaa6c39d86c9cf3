"""One process of a running portal, which never outlives its parent."""

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess

from billingportal.runtime.failures import failures_in_words

PR_SET_PDEATHSIG = 1
# A forked process has everything imported already, which halves the time until the portal answers.
fork = multiprocessing.get_context("fork")


class Part:
    """`due_at` is the time of its restart on the monotonic clock; None while it runs or no restart is planned."""

    def __init__(self, name: str, target: Callable[[], None], *, starts_again: bool = False) -> None:
        self.name = name
        self.starts_again = starts_again
        self.deaths = 0
        self.due_at: float | None = None
        self._target = target
        self._process: BaseProcess | None = None
        self._started_at = 0.0

    def start(self) -> None:
        """Run the function in a new process."""
        parent = os.getpid()
        self._process = fork.Process(target=as_part, args=(self._target, parent), name=self.name)
        self._process.start()
        self._started_at = time.monotonic()
        self.due_at = None

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.is_alive()

    @property
    def exitcode(self) -> int | None:
        """The exit code of multiprocessing: negative for a signal."""
        return self._process.exitcode if self._process is not None else None

    def note_death(self, *, steady_after: float) -> None:
        """Count the death. After a run of `steady_after` seconds the count begins anew."""
        ran_for = time.monotonic() - self._started_at
        self.deaths = 1 if ran_for >= steady_after else self.deaths + 1

    def end(self, limit: float) -> None:
        """Ask the process to end. At `limit`, on the monotonic clock, kill it and its child processes."""
        process = self._process
        if process is None or not process.is_alive():
            return
        process.terminate()
        process.join(max(0, limit - time.monotonic()))
        if process.is_alive():
            kill_group(process)
            process.join()


def kill_group(process: BaseProcess) -> None:
    """Kill a part's process group, or the process alone if it does not lead a group yet: then it has no children."""
    try:
        os.killpg(process.pid or 0, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()


def as_part(target: Callable[[], None], parent: int) -> None:
    """Run the target in its own session: Ctrl-C then reaches the parent alone, which ends its parts in order."""
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    end_with_parent(parent)
    with failures_in_words():
        target()


def end_with_parent(parent: int) -> None:
    """Have the kernel send SIGTERM to this process when its parent ends or is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        # The parent ended before the request to the kernel.
        os._exit(1)


def how_it_ended(exitcode: int | None) -> str:
    """Describes an exit code of multiprocessing."""
    code = exitcode or 0
    return f"exit code {code}" if code >= 0 else f"signal {-code}: {signal.strsignal(-code)}"
