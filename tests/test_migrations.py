from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import flask_migrate
import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import MetaData, inspect, select

from billingportal.app import create_app
from billingportal.db import db
from tests.support.database import PostgresDatabases, SqliteDatabases, settings_for

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"
MOMENT = datetime(2026, 11, 1, tzinfo=UTC)
CLIENT = {"notes": "", "suspension_reason": "", "is_leaving": False, "access_generation": 1, "revision": 1}
CUSTOMER: dict[str, object] = {"balance_minor": 0, "delinquent": False, "address": {}, "revision": 1}


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


@pytest.mark.usefixtures("unmigrated")
def test_stored_addresses_get_their_canonical_form() -> None:
    flask_migrate.upgrade(revision="create_browser_sessions")
    own = {"is_chained": False, "has_settled_tie": False, "uncertainty_seconds": 0, "as_of": MOMENT, "labels": {}}
    with inserting() as insert:
        insert("processor_account", id=1, mode="test", state="connected", key_state="working", preflight=[])
        for row_id, email in enumerate(("Desk@MÜNCHEN.example", "desk@harbor.example", "x@a..com"), 1):
            named = {"id": row_id, "name": "Harbor", "email": email, "created_at": MOMENT}
            insert("client", **named, mode="test", folded_name="harbor", source="staff", **CLIENT)
            insert("customer", **named, **own, **CUSTOMER, stripe_customer_id=f"cus_{row_id}", processor_account_id=1)
            insert("staff", **named, password_hash="", role="owner", access_generation=1)
        link = {"stripe_customer_id": "cus_1", "linked_at": MOMENT}
        insert("client_customer", id=1, client_id=1, processor_account_id=1, **link)
    flask_migrate.upgrade()
    known = ["desk@xn--mnchen-3ya.example", "desk@harbor.example"]
    assert column("client", "canonical_email") == [*known, "x@a..com"]
    assert column("customer", "canonical_email") == [*known, None]
    assert column("staff", "email") == [*known, "x@a..com"]
    assert column("client_customer", "client_id") == [1]


@pytest.mark.usefixtures("unmigrated")
@pytest.mark.parametrize(
    ("live_state", "test_state", "is_active", "modes"),
    [
        ("connected", "connected", True, ["live"]),
        ("connected", "connected", False, []),
        ("connected", "disconnected", False, ["live"]),
        ("disconnected", "connected", True, []),
    ],
)
def test_an_installation_goes_on_selling_in_the_mode_in_which_it_sold(
    live_state: str, test_state: str, is_active: bool, modes: list[str]
) -> None:
    flask_migrate.upgrade(revision="create_go_live")
    mirror = {"is_chained": False, "has_settled_tie": False, "uncertainty_seconds": 0, "as_of": MOMENT, "revision": 1}
    of_stripe = {**mirror, "processor_account_id": 1, "labels": {}, "created_at": MOMENT, "active": is_active}
    price = {"type": "recurring", "billing_scheme": "per_unit", "is_custom_amount": False, "currency_options": {}}
    plan = {"state": "active", "position": 0, "is_default": True, "trial_end": "default", "trial_needs_card": True}
    texts = {"description": "", "note": "", "features": [], "is_featured": False, "is_on_request": False}
    with inserting() as insert:
        for row_id, (mode, state) in enumerate((("live", live_state), ("test", test_state)), 1):
            insert("processor_account", id=row_id, mode=mode, state=state, key_state="working", preflight=[])
        insert("product", id=1, stripe_product_id="prod_1", name="Growth", **of_stripe)
        shown = {"stripe_price_id": "price_1", "stripe_product_id": "prod_1", "currency": "usd"}
        insert("price", id=1, **shown, **price, **of_stripe)
        moments = {"created_at": MOMENT, "updated_at": MOMENT}
        insert("plan", id=1, key="growth", name="Growth", trial_days=0, revision=1, **plan, **texts, **moments)
        link = {"role": "flat", "position": 0, "linked_as": {}, "linked_at": MOMENT, "is_hidden": False}
        insert("plan_price", id=1, plan_id=1, processor_account_id=1, stripe_price_id="price_1", **link)
    flask_migrate.upgrade()
    assert column("selling_mode", "mode") == modes


@contextmanager
def inserting() -> Iterator[Callable[..., None]]:
    """Yields a function that inserts a row into a table as the database has it now."""
    tables = MetaData()
    tables.reflect(db.engine)
    with db.engine.begin() as connection:

        def insert(table: str, **values: object) -> None:
            connection.execute(tables.tables[table].insert(), values)

        yield insert


def column(table: str, name: str) -> list[object]:
    """The values of a column, by id."""
    tables = MetaData()
    tables.reflect(db.engine)
    columns = tables.tables[table].c
    with db.engine.connect() as connection:
        return list(connection.scalars(select(columns[name]).order_by(columns["id"])))
