"""A row of every table that belongs to a client, for a throw-away client: each text in it has the same mark."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

from sqlalchemy import JSON, Boolean, CheckConstraint, Column, Date, Integer, Table, insert, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Base, DecimalText, UtcDateTime
from billingportal.models import Client
from billingportal.models.rehearsal.visibility import EVERY_ROW, condition_of

MARK = "zzthrowaway"
# What the checks of a table ask for, beside one of some words.
GIVEN: Mapping[str, Mapping[str, object]] = {
    "client": {"is_rehearsal": True, "mode": "test", "email": f"{MARK}@example.com"},
    "entitlement": {"standing": "active", "source": "subscription", "access": "full"},
    "client_usage": {"limit_percent": 95, "used": 95, "revision": 2, "checked_revision": 2},
    "browser_session": {"staff_id": None},
    "outgoing_mail": {"sign_up_request_id": None, "staff_id": None},
    "stripe_event": {"object_id": f"cus_{MARK}", "payload": "{}"},
    "audit_entry": {"subject_type": "client"},
    "subscription": {"status": "active", "currency": "usd", "collection_method": "charge_automatically"},
    "invoice": {"status": "open", "currency": "usd", "collection_method": "charge_automatically"},
    "checkout_session": {"mode": "subscription", "status": "open"},
}


@dataclass
class ThrowAway:
    """The ids of the rows by table. `owned` are the tables whose rows belong to a client."""

    session: Session
    ids: dict[str, int] = field(default_factory=dict)
    owned: list[str] = field(default_factory=list)


def add_throw_away(session: Session) -> ThrowAway:
    """Add the rows, in the caller's transaction. A table that gets no row here fails."""
    made = ThrowAway(session)
    tables = [one for one in Base.metadata.sorted_tables if condition_of(one) is not EVERY_ROW]
    first = ("client", "workspace")
    for table in sorted(tables, key=lambda one: first.index(one.name) if one.name in first else len(first)):
        made.ids[table.name] = add_row(made, table)
        made.owned.append(table.name)
    return made


def add_row(made: ThrowAway, table: Table) -> int:
    """Insert a row; its id, or that of the row that it belongs to."""
    values = {column.name: value_of(made, table, column) for column in table.c if not is_counted_up(column)}
    key = table.c.id if "id" in table.c else next(iter(table.primary_key))
    return cast(int, made.session.execute(insert(table).values(values).returning(key)).scalar_one())


def is_counted_up(column: Column[object]) -> bool:
    return column.primary_key and isinstance(column.type, Integer) and not column.foreign_keys


def value_of(made: ThrowAway, table: Table, column: Column[object]) -> object:
    given = GIVEN.get(table.name, {})
    if column.name in given:
        return given[column.name]
    if column.name in ("client_id", "subject_id"):
        return made.ids["client"] if column.name == "client_id" else str(made.ids["client"])
    if column.name == "workspace_id":
        return made.ids["workspace"]
    for key in column.foreign_keys:
        return foreign_id(made, key.column.table, column)
    return plain_value(table, column)


def foreign_id(made: ThrowAway, target: Table, column: Column[object]) -> int | None:
    """Ours, or the first row of a table that belongs to nobody."""
    if target.name in made.ids:
        return made.ids[target.name]
    found = made.session.scalar(select(target.c.id).order_by(target.c.id).limit(1))
    assert found is not None or column.nullable, f"{column} needs a row of {target.name}"
    return cast("int | None", found)


def first_ids(session: Session) -> dict[str, int]:
    """The first row of each table, as anybody sees it."""
    found = {}
    for mapper in Base.registry.mappers:
        key = mapper.primary_key[0]
        if isinstance(key.type, Integer):
            row_id = session.scalar(
                select(mapper.class_.__mapper__.attrs[key.name].class_attribute).order_by(key).limit(1)
            )
            if row_id is not None:
                found[cast(Table, mapper.local_table).name] = cast(int, row_id)
    return found


def plain_value(table: Table, column: Column[object]) -> object:
    kind = column.type
    if isinstance(kind, UtcDateTime):
        return None if column.nullable else moment_of(column.name)
    if isinstance(kind, JSON):
        return [] if column.default is not None and callable(getattr(column.default, "arg", None)) else {}
    if isinstance(kind, DecimalText):
        return Decimal(1)
    if isinstance(kind, Date):
        return now().date()
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer):
        return 1
    return text_of(table, column)


def moment_of(name: str) -> datetime:
    return now() + timedelta(days=10 if "ends" in name or "expires" in name else -1)


def text_of(table: Table, column: Column[object]) -> str:
    """One of the words that a check allows, or the mark, as long as the column takes it."""
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            allowed = re.match(rf"{column.name} IN \('(\w+)'", str(constraint.sqltext))
            if allowed:
                return allowed[1]
    if column.name in ("mode", "currency"):
        return {"mode": "test", "currency": "usd"}[column.name]
    prefix = re.sub("^stripe_|_id$", "", column.name) if column.name.startswith("stripe_") else ""
    prefix = {"customer": "cus_", "subscription": "sub_", "invoice": "in_", "test_clock": "clock_"}.get(prefix, prefix)
    return f"{prefix}{MARK}"[: getattr(column.type, "length", None) or 100]


def reveal(session: Session, made: ThrowAway) -> None:
    """Make the client one like any other, to prove that its rows would be seen."""
    session.get_one(Client, made.ids["client"]).is_rehearsal = False
