"""Everything that the portal writes is for its owner alone, whatever the umask; what was open before is closed."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from billingportal.runtime.ports import free_port
from tests.support.database import SqliteDatabases
from tests.support.program import COMMAND, Program, portal


@pytest.fixture
def careless_umask() -> Iterator[None]:
    """A shell whose new files everybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes_of(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")]}


@pytest.mark.usefixtures("careless_umask")
def test_all_files_of_a_running_portal(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    command = [str(COMMAND), "run", "--sandbox", "--data", str(data), "--port", str(free_port(0))]
    with Program(command, tmp_path / "output") as running:
        running.wait_for("Ctrl-C ends it.")
        modes = modes_of(data)
        assert running.end() == 0
    assert modes | modes_of(data) == {
        "data": 0o700,
        "secret_key": 0o600,
        "portal.sqlite3": 0o600,
        "portal.sqlite3-wal": 0o600,
        "portal.sqlite3-shm": 0o600,
        "portal.sqlite3-turn": 0o600,
        "sandbox.json": 0o600,
    }
    assert data.parent.stat().st_mode & 0o077 == 0


@pytest.fixture
def open_folder(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Path:
    """What an older version left: every file can be read by everybody."""
    (tmp_path / "secret_key").write_text("k" * 40)
    with sqlite_databases.fresh(tmp_path), closing(sqlite3.connect(tmp_path / "portal.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=WAL")
    (tmp_path / "portal.sqlite3-turn").touch()
    for path in tmp_path.iterdir():
        path.chmod(0o664)
    return tmp_path


def test_files_that_were_open_are_closed_at_the_start(open_folder: Path) -> None:
    assert portal("tick", settings={"PORTAL_DATA_DIR": str(open_folder)}).returncode == 0
    modes = modes_of(open_folder)
    del modes[open_folder.name]
    assert set(modes) >= {"secret_key", "portal.sqlite3", "portal.sqlite3-turn"}
    assert set(modes.values()) == {0o600}


def test_the_doctor_tells_which_files_are_open_and_leaves_them(open_folder: Path) -> None:
    open_folder.chmod(0o755)
    result = portal("doctor", settings={"PORTAL_DATA_DIR": str(open_folder)})
    assert result.returncode == 1
    for name, what in (("portal.sqlite3", "database file"), ("secret_key", "key file")):
        path = open_folder / name
        assert f"fail  The {what} {path} is open to others (mode 664)  ->  chmod 600 {path}\n" in result.stdout
        assert path.stat().st_mode & 0o777 == 0o664
    assert f"chmod 700 {open_folder}\n" in result.stdout
