"""A start that fails or is ended: everything that was started by then ends, whatever came last."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from billingportal.runtime.ports import free_port
from tests.support.program import LIMIT, Program, wait_until
from tests.support.running import children_of, is_running, run

# Seconds, for a program that has nothing left to wait for.
PROMPTLY = 20


@contextmanager
def silent_database() -> Iterator[tuple[str, socket.socket]]:
    """A PostgreSQL that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"postgresql://portal@127.0.0.1:{server.getsockname()[1]}/portal", server


def assert_nothing_is_left(port: int, parts: list[int]) -> None:
    assert not [part for part in parts if is_running(part)]
    socket.create_server(("127.0.0.1", port)).close()


def failed(program: Program, port: int) -> str:
    """What a start says that fails by itself. Nothing of it is left."""
    seen: set[int] = set()

    def has_ended() -> bool:
        seen.update(children_of(program.process.pid))
        return program.process.poll() is not None

    wait_until(has_ended, "it ends by itself")
    assert program.process.returncode == 1
    assert_nothing_is_left(port, list(seen))
    assert "Traceback" not in program.printed
    return program.printed


def test_a_database_that_is_down_ends_the_sandbox_too(tmp_path: Path) -> None:
    port = free_port(0)
    settings = {"PORTAL_DATABASE_URL": f"postgresql://portal@127.0.0.1:{free_port(0)}/portal"}
    with run(tmp_path, port, "--sandbox", settings=settings) as running:
        said = failed(running, port)
    assert "Stripe sandbox at" in said
    assert said.splitlines()[-1].startswith("billingportal: the database says: connection failed:")


def test_a_database_that_is_broken_ends_the_sandbox_too(tmp_path: Path) -> None:
    port = free_port(0)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "portal.sqlite3").write_text("This is no database. " * 100)
    with run(tmp_path, port, "--sandbox") as running:
        said = failed(running, port)
    assert "the database says: its file is no database. Restore a backup" in said.splitlines()[-1]


def test_a_sandbox_that_cannot_start_ends_all_before_the_database_is_touched(tmp_path: Path) -> None:
    port = free_port(0)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sandbox.json").write_text("{")
    with run(tmp_path, port, "--sandbox") as running:
        said = failed(running, port)
    assert "The sandbox cannot start:" in said
    assert said.endswith("billingportal: the sandbox ended (exit code 1), so all ended.\n")
    assert not (tmp_path / "data" / "portal.sqlite3").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_can_be_ended_while_the_database_hangs(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port(0)
    with silent_database() as (url, server):
        with run(tmp_path, port, "--sandbox", settings={"PORTAL_DATABASE_URL": url}) as running:
            server.settimeout(LIMIT)
            connection, _ = server.accept()
            parts = children_of(running.process.pid)
            assert len(parts) == 2
            running.process.send_signal(number)
            assert running.process.wait(PROMPTLY) == 0
            connection.close()
        assert_nothing_is_left(port, parts)
        assert "Traceback" not in running.printed


MOMENTS: dict[str, tuple[signal.Signals, Callable[[Program, Path], bool]]] = {
    "the sandbox is being started": (signal.SIGINT, lambda program, _: len(children_of(program.process.pid)) == 1),
    "the sandbox has started": (signal.SIGTERM, lambda program, _: "Stripe sandbox at" in program.printed),
    "the database is being made": (signal.SIGHUP, lambda _, data: (data / "portal.sqlite3").exists()),
    "the web server has started": (signal.SIGTERM, lambda program, _: "Listening at" in program.printed),
    "the worker has started": (signal.SIGINT, lambda program, _: "the worker runs" in program.printed),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_signal_at_any_moment_of_the_start_ends_everything(tmp_path: Path, moment: str) -> None:
    port = free_port(0)
    number, has_come = MOMENTS[moment]
    with run(tmp_path, port, "--sandbox") as running:
        wait_until((tmp_path / "data").exists, "the program has started")
        wait_until(lambda: has_come(running, tmp_path / "data"), moment)
        parts = children_of(running.process.pid)
        running.process.send_signal(number)
        assert running.process.wait(PROMPTLY) == 0
    assert_nothing_is_left(port, parts)
    assert "Traceback" not in running.printed


def test_a_start_that_was_ended_can_be_done_again(tmp_path: Path) -> None:
    """The migration that was cut off left nothing half done."""
    port = free_port(0)
    with run(tmp_path, port) as running:
        wait_until((tmp_path / "data" / "portal.sqlite3").exists, "the migration has begun")
        running.end(signal.SIGTERM)
    with run(tmp_path, port) as running:
        running.wait_for("Ctrl-C ends it.")
        assert running.end() == 0
