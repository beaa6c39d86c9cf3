"""Answers stored for idempotency keys: a repeated request gets the same answer for 24 hours.

An operation of one transaction stores its answer in it, so a crash leaves both or neither. One of several transactions
(it speaks to Stripe) first stores that it is running; when it dies, another request may run it again once
`running_until` is over, and its own idempotency at Stripe makes that harmless.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import cast

from sqlalchemy import BigInteger, Connection, Table, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from billingportal.db import Database
from billingportal.models import StoredAnswer
from billingportal.plain_json import JsonObject

KEPT = timedelta(hours=24)
# Longer than a request can take: all the calls to Stripe of one operation, each with its time limit.
LONGEST_RUN = timedelta(minutes=2)
BITE = 1000
TABLE = cast(Table, StoredAnswer.__table__)
PLACE = (TABLE.c.api_key_id, TABLE.c.idempotency_key)
STORED = ("request_hash", "status", "headers", "body", "has_secret", "running_until")
# Made once: building a statement costs more time than a small database takes for it.
IS_UNDER = [column == bindparam(column.name) for column in PLACE]
FIND = select(*(TABLE.c[name] for name in (*STORED, "created_at"))).where(*IS_UNDER)
DROP_RUNNING = delete(TABLE).where(*IS_UNDER, TABLE.c.status.is_(None))
TURN = select(func.pg_try_advisory_xact_lock(bindparam("lock", type_=BigInteger())))


@dataclass(frozen=True)
class AnswerKey:
    """The idempotency key of an API key, and the hash of the request that it is sent with."""

    api_key_id: int
    idempotency_key: str
    request_hash: str


@dataclass(frozen=True)
class Stored:
    """What is stored under a key. `status` None: the request has no answer yet."""

    request_hash: str
    status: int | None
    headers: JsonObject
    body: str
    has_secret: bool
    running_until: datetime | None


def hash_of(method: str, address: str, body: bytes) -> str:
    """The SHA-256 of what a request asks for."""
    return hashlib.sha256(b"\0".join((method.encode(), address.encode(), body))).hexdigest()


def take_turn(database: Database, key: AnswerKey) -> bool:
    """Whether this transaction alone has the key until it ends. SQLite has one writer at a time anyway."""
    if dialect_of(database) != "postgresql":
        return True
    digest = hashlib.sha256(f"{key.api_key_id} {key.idempotency_key}".encode()).digest()
    lock = int.from_bytes(digest[:8], signed=True)
    return bool(database.execute(TURN, {"lock": lock}).scalar_one())


def find_answer(database: Database, key: AnswerKey, moment: datetime) -> Stored | None:
    """What is stored under the key and not older than 24 hours."""
    row = database.execute(FIND, place_of(key)).one_or_none()
    if row is None or row.created_at <= moment - KEPT:
        return None
    return Stored(row.request_hash, row.status, row.headers, row.body, row.has_secret, row.running_until)


def store_answer(database: Database, key: AnswerKey, stored: Stored, moment: datetime) -> None:
    """Store an answer, or that the request is running, in place of an older row."""
    values = {name: getattr(stored, name) for name in STORED} | {"created_at": moment}
    database.execute(upsert(dialect_of(database)), place_of(key) | values)


def drop_running(database: Database, key: AnswerKey) -> None:
    """Forget that the request is running, so that it can be sent again."""
    database.execute(DROP_RUNNING, place_of(key))


def drop_old(database: Database, moment: datetime) -> int:
    """Delete a bite of the answers that are older than 24 hours. Returns how many."""
    old = select(TABLE.c.id).where(TABLE.c.created_at <= moment - KEPT).order_by(TABLE.c.created_at).limit(BITE)
    dropped = database.execute(delete(TABLE).where(TABLE.c.id.in_(old.scalar_subquery())).returning(TABLE.c.id))
    return len(dropped.all())


def place_of(key: AnswerKey) -> dict[str, object]:
    return {"api_key_id": key.api_key_id, "idempotency_key": key.idempotency_key}


@cache
def upsert(dialect: str) -> postgresql.Insert | sqlite.Insert:
    insert: postgresql.Insert | sqlite.Insert
    insert = postgresql.insert(TABLE) if dialect == "postgresql" else sqlite.insert(TABLE)
    changed = {name: insert.excluded[name] for name in (*STORED, "created_at")}
    return insert.on_conflict_do_update(index_elements=[column.name for column in PLACE], set_=changed)


def dialect_of(database: Database) -> str:
    return (database if isinstance(database, Connection) else database.connection()).dialect.name
