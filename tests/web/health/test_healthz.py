import dataclasses
from pathlib import Path

from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import db
from tests.support.database import settings_for
from tests.support.pages import Visitor, text_of


def without_database(tmp_path: Path) -> Settings:
    settings = settings_for("sqlite:///:memory:", tmp_path)
    nowhere = f"postgresql+psycopg://nobody@/nothing?host={tmp_path}"
    return dataclasses.replace(settings, database_url=nowhere)


def test_a_portal_with_its_database_is_healthy(client: Visitor) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")


def test_a_portal_without_its_database_is_not(tmp_path: Path) -> None:
    app = create_app(without_database(tmp_path))
    answer = app.test_client().get("/healthz")
    assert answer.status_code == 503
    with app.app_context():
        db.engine.dispose()


def test_pages_say_that_the_database_does_not_answer(tmp_path: Path) -> None:
    app = create_app(without_database(tmp_path))
    answer = app.test_client().get("/sign-in")
    assert answer.status_code == 503
    assert "The database does not answer" in text_of(answer)
    with app.app_context():
        db.engine.dispose()
