"""SQLite's locks belong to the process: a file that is closed beside them drops them all."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine

from billingportal.db import db, transaction

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

# Another process that writes, if it may.
WRITE = """
import sqlite3, sys
sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute("BEGIN IMMEDIATE")
"""


def may_write(file: Path) -> bool:
    done = subprocess.run([sys.executable, "-c", WRITE, str(file)], capture_output=True, text=True)
    assert done.returncode == 0 or "database is locked" in done.stderr
    return done.returncode == 0


def test_a_new_connection_leaves_the_locks_of_the_others(app: Flask) -> None:
    with app.app_context():
        file = Path(str(db.engine.url.database))
        with transaction() as session:
            session.connection()
            assert not may_write(file)
            other = create_engine(f"sqlite:///{file}")
            with other.connect():
                assert not may_write(file)
            other.dispose()
            assert not may_write(file)
        assert may_write(file)


def test_a_new_database_is_for_its_owner_alone(app: Flask, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE one (id INTEGER)")
    engine.dispose()
    assert (tmp_path / "new.sqlite3").stat().st_mode & 0o777 == 0o600
    assert sqlite3.connect(tmp_path / "new.sqlite3").execute("SELECT count(*) FROM one").fetchone() == (0,)
