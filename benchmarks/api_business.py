"""A portal with many clients, each with a workspace, limits and use; one API key; and many usage records."""

from datetime import datetime, timedelta
from pathlib import Path

import flask_migrate
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from benchmarks.databases import SECRET_KEY
from billingportal.app import create_app
from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import Base, db, transaction
from billingportal.domain.auth import api_keys
from billingportal.domain.plans import resources
from billingportal.domain.usage.limits import pool_settings
from billingportal.domain.usage.periods import month_of
from billingportal.models import (
    ApiSettings,
    Client,
    ClientUsage,
    EntitledQuota,
    Entitlement,
    Plan,
    Resource,
    Staff,
    UsageRecord,
    Workspace,
)

Row = dict[str, object]
QUOTA = 10**12
BITE = 10_000


def fill(portal_url: str, folder: Path, clients: int, records: int) -> str:
    """Migrate the database, make clients and records; the API key.

    `messages` is a counter, and `pooled` a counter with a pool.
    """
    app = create_app(Settings(data_dir=folder, database_url=portal_url, secret_keys=(SECRET_KEY,)))
    with app.app_context():
        flask_migrate.upgrade()
        key = make_business()
        for start in range(1, clients + 1, BITE):
            with transaction() as session:
                add_clients(session, range(start, min(start + BITE, clients + 1)))
        for start in range(1, records + 1, BITE):
            with transaction() as session:
                add_records(session, range(start, min(start + BITE, records + 1)), clients)
        with transaction() as session:
            session.execute(text("ANALYZE"))
        db.engine.dispose()
    return key


def make_business() -> str:
    moment = now()
    with transaction() as session:
        staff = Staff(name="Mara", email="mara@x.example", password_hash="x", role="owner", created_at=moment)
        session.add_all([staff, ApiSettings(id=1, requests_per_second=100_000, updated_at=moment)])
        session.add(
            Plan(id=1, key="growth", name="Growth", state="active", position=1, created_at=moment, updated_at=moment)
        )
        session.flush()
        for name in ("Messages", "Pooled"):
            resources.create_resource(session, name, name.lower(), "counter", staff_id=staff.id)
        pool_settings.set_pool(session, "test", resource_id(session, "pooled"), QUOTA, staff.id)
        _, key = api_keys.create_key(session, "test", "Benchmark", ("read", "usage", "manage"), None, staff.id)
    return key


def resource_id(session: Session, key: str) -> int:
    return session.scalars(select(Resource.id).where(Resource.key == key)).one()


def add_clients(session: Session, numbers: range) -> None:
    """Clients as they are after some use."""
    moment = now()
    counters = session.execute(select(Resource.id, Resource.kind)).all()
    pairs = [(number, row.id, row.kind) for number in numbers for row in counters]
    put(session, Client, [client(number, moment) for number in numbers])
    put(session, Workspace, [workspace(number, moment) for number in numbers])
    put(session, Entitlement, [entitlement(number, moment) for number in numbers])
    put(session, EntitledQuota, [quota(number, resource) for number, resource, _ in pairs])
    put(session, ClientUsage, [use(number, resource, kind, moment) for number, resource, kind in pairs])


def add_records(session: Session, numbers: range, clients: int) -> None:
    """Records of the last hundred days."""
    resource, moment = resource_id(session, "messages"), now()
    put(session, UsageRecord, [record(number, clients, resource, moment) for number in numbers])


def put(session: Session, table: type[Base], rows: list[Row]) -> None:
    session.connection().execute(insert(table), rows)


def client(number: int, moment: datetime) -> Row:
    email = f"office{number}@harbor.example"
    return {
        "id": number,
        "mode": "test",
        "name": f"Client {number}",
        "folded_name": f"client {number}",
        "email": email,
        "canonical_email": email,
        "external_id": f"c{number}",
        "source": "staff",
        "base_plan_id": 1,
        "created_at": moment,
    }


def workspace(number: int, moment: datetime) -> Row:
    name = {"name": f"Desk {number}", "folded_name": f"desk {number}", "external_id": f"w{number}"}
    return {"id": number, "client_id": number, "mode": "test", "created_at": moment, **name}


def entitlement(number: int, moment: datetime) -> Row:
    state = {"source": "base", "access": "full", "standing": "free", "step": "none", "revision": 7}
    times = {"since": moment, "evaluated_at": moment, "changed_at": moment}
    return {
        "id": number,
        "client_id": number,
        "plan_id": 1,
        "reasons": ["The plan Growth was chosen."],
        **state,
        **times,
    }


def quota(number: int, resource: int) -> Row:
    known = {"quota": QUOTA, "reaction": "block", "source": "plan"}
    return {"entitlement_id": number, "client_id": number, "resource_id": resource, **known}


def use(number: int, resource: int, kind: str, moment: datetime) -> Row:
    month = month_of(moment)
    period = (month.starts_at, month.ends_at) if kind == "counter" else (None, None)
    known = {"used": 1234, "reserved": 0, "revision": 5, "checked_revision": 5, "changed_at": moment}
    times = {"period_starts_at": period[0], "period_ends_at": period[1]}
    return {"client_id": number, "resource_id": resource, **known, **times}


def record(number: int, clients: int, resource: int, moment: datetime) -> Row:
    owner, at = number % clients + 1, moment - timedelta(minutes=number % 144_000)
    known = {"mode": "test", "key": f"old-{number:012}", "resource_id": resource, "amount": 1}
    return {**known, "client_id": owner, "workspace_id": owner, "at": at, "received_at": at}
