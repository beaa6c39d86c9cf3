"""A database that the portal cannot work with ends every command in one clear line."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from billingportal.runtime.ports import free_port
from tests.support.database import SqliteDatabases
from tests.support.limits import bound_by_rights, bound_portal, portal_on_small_disk
from tests.support.program import portal


@pytest.fixture
def folder(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Path]:
    """A data folder with a migrated database in it. What a test closed is opened again, so that it can be removed."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "secret_key").write_text("k" * 40)
    with sqlite_databases.fresh(data):
        yield data
    data.chmod(0o700)


def end_of(command: str, settings: dict[str, str]) -> str:
    """The one line with which a command ends that cannot start."""
    port = ["--port", str(free_port(0))] if command in ("serve", "run") else []
    result = bound_portal(*command.split(), *port, settings=settings)
    assert result.returncode != 0
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize("command", ["worker", "serve"])
def test_a_read_only_database_file(folder: Path, command: str) -> None:
    bound_by_rights()
    (folder / "portal.sqlite3").chmod(0o400)
    said = end_of(command, {"PORTAL_DATA_DIR": str(folder)})
    assert said.startswith(f"billingportal: {folder}/portal.sqlite3 is read-only for this user, ")


def test_a_read_only_lock_file_of_another_user(folder: Path) -> None:
    (folder / "portal.sqlite3-turn").touch(mode=0o400)
    said = end_of("tick", {"PORTAL_DATA_DIR": str(folder)})
    assert said.startswith(f"billingportal: {folder}/portal.sqlite3-turn is read-only for this user, ")


def test_a_read_only_folder(folder: Path) -> None:
    folder.chmod(0o500)
    said = end_of("serve", {"PORTAL_DATA_DIR": str(folder)})
    assert said == f"billingportal: PORTAL_DATA_DIR: the folder {folder} is not writable for this user\n"


@pytest.mark.parametrize("is_made", [True, False])
def test_a_read_only_folder_of_the_database_alone(folder: Path, tmp_path: Path, is_made: bool) -> None:
    name = "portal.sqlite3" if is_made else "new.sqlite3"
    folder.chmod(0o500)
    settings = {"PORTAL_DATA_DIR": str(tmp_path / "other"), "PORTAL_DATABASE_URL": f"sqlite:///{folder / name}"}
    assert end_of("serve", settings).startswith(f"billingportal: {folder} is read-only for this user, ")


@pytest.mark.parametrize("command", ["tick", "run", "db upgrade"])
def test_a_database_of_a_newer_version(folder: Path, command: str) -> None:
    with closing(sqlite3.connect(folder / "portal.sqlite3")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
    said = end_of(command, {"PORTAL_DATA_DIR": str(folder)})
    assert said == (
        "billingportal: the database is at revision from_the_future: a newer version of the portal, or another program,"
        " brought it there. Start that version, or restore the backup from before its first start.\n"
    )


def test_the_doctor_tells_of_a_newer_version(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "portal.sqlite3")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
    result = portal("doctor", settings={"PORTAL_DATA_DIR": str(folder)})
    assert result.returncode == 1
    assert "fail  The database is at revision from_the_future: a newer version of the portal" in result.stdout


@pytest.mark.parametrize("command", ["db upgrade", "run"])
def test_a_disk_that_is_full_in_the_middle_of_a_migration(tmp_path: Path, command: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    settings = {"PORTAL_DATA_DIR": str(tmp_path), "PORTAL_DATABASE_URL": f"sqlite:///{disk / 'portal.sqlite3'}"}
    result = portal_on_small_disk(*command.split(), settings=settings, folder=disk, kilobytes=300)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "billingportal: the database says: the disk is full. Nothing was changed. Make room on it and start again. "
        "See `billingportal doctor`.\n"
    )


@pytest.mark.parametrize("command", ["tick", "doctor"])
def test_a_file_that_is_no_database(folder: Path, command: str) -> None:
    (folder / "portal.sqlite3").write_text("this is no database, " * 100)
    result = portal(command, settings={"PORTAL_DATA_DIR": str(folder)})
    assert result.returncode == 1
    assert "its file is no database. Restore a backup" in result.stdout + result.stderr
    assert "Traceback" not in result.stderr
