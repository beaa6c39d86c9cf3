"""Who may wait to write, and for how long."""

from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from billingportal.database import write_gate
from billingportal.database.write_gate import WriteGate
from billingportal.database.write_line import Look, WriteLine, mark_write
from billingportal.errors import DatabaseBusy


@pytest.fixture
def stuck_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second without a finished write is long for a test."""
    monkeypatch.setattr(write_gate, "STUCK_AFTER", -1)


def test_all_may_wait_while_writes_get_through() -> None:
    gate = WriteGate(10, patient=1)
    with gate.passed() as first, gate.passed() as second, gate.passed() as third:
        for wait in (first, second, third):
            wait.check()


@pytest.mark.usefixtures("stuck_at_once")
def test_while_none_gets_through_the_first_ones_wait_and_others_are_sent_away() -> None:
    gate = WriteGate(10, patient=2)
    with gate.passed() as first, gate.passed() as second:
        first.check()
        second.check()
        with pytest.raises(DatabaseBusy), gate.passed():
            pass


def test_who_waits_behind_them_already_is_sent_away_too(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = WriteGate(10, patient=1)
    with gate.passed() as first, gate.passed() as second:
        monkeypatch.setattr(write_gate, "STUCK_AFTER", -1)
        first.check()
        with pytest.raises(DatabaseBusy):
            second.check()


def test_nobody_waits_longer_than_the_limit() -> None:
    with WriteGate(0, patient=1).passed() as wait, pytest.raises(DatabaseBusy):
        wait.check()


def test_a_write_that_the_database_refused_does_not_count_as_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = WriteGate(10, patient=1)
    with pytest.raises(OperationalError), gate.passed():
        raise OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))
    monkeypatch.setattr(write_gate, "STUCK_AFTER", 0)
    with gate.passed(), pytest.raises(DatabaseBusy), gate.passed():
        pass
    monkeypatch.setattr(write_gate, "STUCK_AFTER", 1)
    with gate.passed(), gate.passed():
        pass


def test_two_processes_stand_in_one_line_and_whoever_looks_sees_who_is_first(tmp_path: Path) -> None:
    here, there = (WriteLine(tmp_path / "portal.sqlite3") for _ in range(2))
    assert here.look() == Look(None, None)
    with WriteGate(10, 1).passed() as wait, here.turn(wait) as file:
        mark_write(file)
        process = there.look().process
        assert process is not None
        assert there.look().seconds is not None
        with WriteGate(0.1, 1).passed() as other, pytest.raises(DatabaseBusy), there.turn(other):
            pass
    assert there.look().process is None
    with WriteGate(0.1, 1).passed() as other, there.turn(other):
        pass
