"""Others who have SQLite's write lock: a stranger, and a process of the portal's own that is stopped in a write."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

from billingportal.config import Settings
from tests.support.program import ROOT

WRITER = """
import sys
from pathlib import Path
from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import transaction
app = create_app(Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2], secret_keys=("x" * 32,)))
with app.app_context(), transaction():
    print("writing", flush=True)
    sys.stdin.read()
"""


@contextmanager
def stranger(database: Path) -> Iterator[None]:
    """A program that knows nothing of the portal's line holds the database until the block ends."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


class StoppedWriter:
    """A process of the portal that was stopped in the middle of a write. It goes on when it is told to."""

    def __init__(self, settings: Settings) -> None:
        command = [sys.executable, "-c", WRITER, str(settings.data_dir), settings.database_url]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"writing\n"
        os.kill(self.process.pid, signal.SIGSTOP)

    def end(self, number: signal.Signals) -> None:
        """SIGKILL ends it as it is; after SIGCONT it finishes its write."""
        os.kill(self.process.pid, number)
        self.process.communicate(timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate(timeout=30)
