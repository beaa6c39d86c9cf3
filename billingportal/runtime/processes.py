"""Starts the processes of a running portal in order, watches and restarts them, and ends them together."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from billingportal.runtime.process import Part, how_it_ended

log = logging.getLogger(__name__)

# Seconds.
START_LIMIT = 60
END_LIMIT = 12
SIGNALS_TO_END = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Restarts:
    """How often an ended part is restarted, at `most`. The pause, in seconds, doubles with each quick death."""

    first_pause: float = 1
    # Seconds. A part that ran this long before it ended has its earlier deaths no longer counted.
    steady_after: float = 60
    most: int = 5


class Parts:
    """Starts, watches and ends the parts. Create it in the main thread: it handles the signals that end a program.

    While the portal starts, a part that ends or a signal raises SystemExit. Leaving the `with` block ends every part
    that was started, whatever the reason.
    """

    def __init__(self, restarts: Restarts | None = None) -> None:
        self._told_to_end = threading.Event()
        self._parts: list[Part] = []
        self._restarts = restarts or Restarts()
        for number in SIGNALS_TO_END:
            signal.signal(number, lambda *_: self._told_to_end.set())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def start(self, name: str, target: Callable[[], None], *, starts_again: bool = False) -> None:
        """Run a function in its own process. `starts_again`: restart it when it ends, once the portal is running."""
        self._parts.append(Part(name, target, starts_again=starts_again))
        self._parts[-1].start()

    def complete(self, name: str, target: Callable[[], None]) -> None:
        """Run a step of the start in its own process and wait for it: a process can be ended whatever it waits for.

        Raises SystemExit when it fails, when a part that is not restarted ends meanwhile, or when a signal ends
        the program.
        """
        watched = [part for part in self._parts if not part.starts_again]
        step = Part(name, target)
        self._parts.append(step)
        step.start()
        self._wait(lambda: not step.is_alive, watched)
        self._parts.remove(step)
        if step.exitcode:
            # A failing step prints the reason itself, unless it was killed.
            raise SystemExit(step.exitcode if step.exitcode > 0 else all_end(step))

    def wait_until(self, name: str, is_ready: Callable[[], bool]) -> None:
        """Wait until a part is ready. Raises SystemExit when it is not in time, a part ends, or a signal comes."""
        limit = time.monotonic() + START_LIMIT
        self._wait(lambda: is_ready() or time.monotonic() > limit, self._parts)
        if time.monotonic() > limit and not is_ready():
            sys.stderr.write(f"billingportal: the {name} did not answer within {START_LIMIT} seconds, so all ended.\n")
            raise SystemExit(1)

    def _wait(self, is_over: Callable[[], bool], watched: list[Part]) -> None:
        while not is_over():
            if self._told_to_end.wait(0.02):
                break
            for part in watched:
                if not part.is_alive:
                    raise SystemExit(all_end(part))
        if self._told_to_end.is_set():
            raise SystemExit(0)

    def run_until_end(self) -> int:
        """Keep the parts running until a signal comes, or a part died too often. The exit status."""
        while not self._told_to_end.wait(0.1):
            for part in self._parts:
                if not self._keep_running(part):
                    return all_end(part)
        return 0

    def _keep_running(self, part: Part) -> bool:
        """Restart a part that ended, once its pause is over. False when it is not restarted any more."""
        if part.is_alive:
            return True
        if part.due_at is None:
            return self._plan_restart(part)
        if time.monotonic() >= part.due_at:
            part.start()
        return True

    def _plan_restart(self, part: Part) -> bool:
        part.note_death(steady_after=self._restarts.steady_after)
        if not part.starts_again or part.deaths > self._restarts.most:
            return False
        pause = self._restarts.first_pause * 2 ** (part.deaths - 1)
        part.due_at = time.monotonic() + pause
        log.warning("the %s ended (%s) and starts again in %g s", part.name, how_it_ended(part.exitcode), pause)
        return True

    def end(self) -> None:
        """Ask the parts to end, the last one first, and kill those still running at the limit."""
        limit = time.monotonic() + END_LIMIT
        for part in reversed(self._parts):
            part.end(limit)


def all_end(culprit: Part) -> int:
    """Print which part's end ends the portal; the exit status."""
    how = how_it_ended(culprit.exitcode)
    often = f", {culprit.deaths} times in a row" if culprit.deaths > 1 else ""
    sys.stderr.write(f"billingportal: the {culprit.name} ended ({how}{often}), so all ended.\n")
    return 1
