from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect

from billingportal.app import create_app
from billingportal.db import db
from tests.support.database import PostgresDatabases, SqliteDatabases, settings_for

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"


@pytest.fixture
def unmigrated(databases: SqliteDatabases | PostgresDatabases, tmp_path: Path) -> Iterator[Flask]:
    """An application in front of a database without any table."""
    with databases.blank() as url:
        app = create_app(settings_for(url, tmp_path))
        with app.app_context():
            yield app
            db.engine.dispose()


def test_there_is_one_way_up() -> None:
    assert len(ScriptDirectory(str(MIGRATIONS)).get_heads()) == 1


@pytest.mark.usefixtures("unmigrated")
def test_migrations_make_what_the_models_say() -> None:
    flask_migrate.upgrade()
    flask_migrate.check()


@pytest.mark.usefixtures("unmigrated")
def test_migrations_lead_down_and_up_again() -> None:
    flask_migrate.upgrade()
    flask_migrate.downgrade(revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    flask_migrate.upgrade()
    flask_migrate.check()


@pytest.mark.usefixtures("unmigrated")
def test_migrating_twice_changes_nothing() -> None:
    flask_migrate.upgrade()
    flask_migrate.upgrade()
    flask_migrate.check()
