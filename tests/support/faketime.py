"""The time of day of running programs, set forward and back while they run (Debian's libfaketime)."""

import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

# libfaketime 0.9.10 breaks `clock_nanosleep`, by which time.sleep waits, when the monotonic clock is left alone.
PROGRAM = """
import select, sys, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
from billingportal.cli import main
sys.exit(main())
"""
MISSING = "libfaketime is missing. As root: apt-get install faketime"


def library() -> Path:
    """Debian's libfaketime for programs with threads. Skips the test where there is none, and fails it in CI."""
    found = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return found


class FakeClock:
    """Starts at the true time. Programs with these `settings` go by it; their monotonic clock stays the true one."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.settings = {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # gunicorn notes on files when its workers were last alive.
            "NO_FAKE_STAT": "1",
        }
        self.set(timedelta(0))

    def set(self, ahead: timedelta) -> None:
        """Put the clock this far ahead of the true time, or behind it."""
        whole = self._file.with_suffix(".new")
        whole.write_text(f"{ahead.total_seconds():+.0f}\n")
        whole.replace(self._file)


def program(*arguments: str) -> list[str]:
    """The command that runs `billingportal` with the arguments by a fake clock."""
    return [sys.executable, "-c", PROGRAM, *arguments]
