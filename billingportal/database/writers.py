"""The turn to write: through the gate of this process and, on SQLite, through the queue of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from billingportal.database.limits import Limits
from billingportal.database.write_gate import Wait, WriteGate
from billingportal.database.write_line import WriteLine, mark_write


@dataclass(frozen=True)
class Turn:
    """One writer's turn. The seconds left after its wait limit the wait for the database's own lock."""

    wait: Wait
    line_file: int | None

    @property
    def seconds_left(self) -> float:
        return self.wait.seconds_left

    def begun(self) -> None:
        """Record that the transaction has begun: `WriteLine.look` counts its seconds from now."""
        if self.line_file is not None:
            mark_write(self.line_file)


class Writers:
    """The writers of one process to one database."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._gate = WriteGate(limits.write, limits.patient)
        path = engine.url.database if engine.dialect.name == "sqlite" else None
        self.line = WriteLine(Path(path)) if path and path != ":memory:" else None

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Wait for the turn, and keep it until the block ends. Raises DatabaseBusy when it does not come in time."""
        with self._gate.passed() as wait:
            if self.line is None:
                yield Turn(wait, None)
                return
            with self.line.turn(wait) as file:
                yield Turn(wait, file)
