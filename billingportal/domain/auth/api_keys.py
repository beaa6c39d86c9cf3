"""Creates, renames, finds and revokes the keys of the API. Only the caller of `create_key` ever sees a whole key."""

import hashlib
import secrets
import string
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Database
from billingportal.domain.common import audit
from billingportal.domain.common.form_errors import Reader
from billingportal.errors import Refusal
from billingportal.models import ApiKey, ApiSettings
from billingportal.models.api.api_settings import DEFAULT_REQUESTS_PER_SECOND
from billingportal.models.auth.api_key import SCOPES, KeyState, Scope
from billingportal.models.connection.processor_account import Mode

ALPHABET = string.ascii_letters + string.digits
# 43 characters out of 62 are 256 random bits. Letters and digits only, so that a double click selects a whole key.
RANDOM_LENGTH = 43
# What people see of a key: `bp_test_` and four characters, and the last four.
BEGINNING, ENDING = 12, 4
LONGEST_NAME = 120
# The precision of `last_used_at`.
USED_EVERY = timedelta(minutes=1)
KEY_OF_HASH = select(
    *cast(Table, ApiKey.__table__).c,
    select(ApiSettings.requests_per_second).limit(1).scalar_subquery().label("requests_per_second"),
).where(ApiKey.key_hash == bindparam("key_hash"))


@dataclass(frozen=True)
class KeyTerms:
    """What a request may do with a key. `expires_at` None: the key has no end."""

    id: int
    name: str
    mode: Mode
    scopes: frozenset[Scope]
    state: KeyState
    expires_at: datetime | None
    last_used_at: datetime | None
    requests_per_second: int


def hash_key(key: str) -> str:
    """A key has 256 random bits, so that a plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def create_key(
    session: Session,
    mode: Mode,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None,
    staff_id: int,
) -> tuple[ApiKey, str]:
    """A new key and its text, which is stored nowhere. Raises FormErrors naming name, scopes or expires_at."""
    reader = Reader()
    clean_name = reader.take(lambda: checked_name(name))
    clean_scopes = reader.take(lambda: checked_scopes(scopes))
    reader.take(lambda: refuse_past(expires_at))
    reader.finish()
    key = f"bp_{mode}_" + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    row = ApiKey(
        mode=mode,
        name=clean_name or "",
        key_hash=hash_key(key),
        beginning=key[:BEGINNING],
        ending=key[-ENDING:],
        scope_words=" ".join(clean_scopes or ()),
        staff_id=staff_id,
        created_at=now(),
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    record_key(session, row, "api_key.created", f"Created the API key {row.name} ({row.shown})", staff_id)
    return row, key


def rename_key(session: Session, key_id: int, name: str, *, mode: Mode, staff_id: int) -> ApiKey:
    """Rename a key, which may be over. Raises Refusal."""
    row = lock_key(session, key_id, mode)
    before, clean = row.name, checked_name(name)
    if clean != before:
        row.name = clean
        record_key(session, row, "api_key.renamed", f"Renamed the API key {before} to {clean}", staff_id)
    return row


def revoke_key(session: Session, key_id: int, *, mode: Mode, staff_id: int) -> ApiKey:
    """Revoke a key: within 5 seconds it stops in every process. Revoking twice has no effect. Raises Refusal."""
    row = lock_key(session, key_id, mode)
    if row.revoked_at is None:
        row.revoked_at = now()
        record_key(session, row, "api_key.revoked", f"Revoked the API key {row.name} ({row.shown})", staff_id)
    return row


def listed_keys(session: Session, mode: Mode) -> Sequence[ApiKey]:
    """The keys of a mode: active ones first, then the newest first."""
    is_over = or_(ApiKey.revoked_at.is_not(None), func.coalesce(ApiKey.expires_at <= now(), False))
    return session.scalars(select(ApiKey).where(ApiKey.mode == mode).order_by(is_over, ApiKey.id.desc())).all()


def find_key(session: Session, key_id: int, mode: Mode) -> ApiKey | None:
    """The key, or None when it does not exist or is of the other mode."""
    row = session.get(ApiKey, key_id)
    return row if row is not None and row.mode == mode else None


def lock_key(session: Session, key_id: int, mode: Mode) -> ApiKey:
    row = session.get(ApiKey, key_id, populate_existing=True, with_for_update=True)
    if row is None or row.mode != mode:
        raise Refusal("", "There is no such API key.")
    return row


def key_of_hash(database: Database, key_hash: str) -> KeyTerms | None:
    """The terms of a key now, with the rate limit of the settings; None for an unknown key. One indexed read."""
    found = database.execute(KEY_OF_HASH, {"key_hash": key_hash}).one_or_none()
    if found is None:
        return None
    row = ApiKey(revoked_at=found.revoked_at, expires_at=found.expires_at, scope_words=found.scope_words)
    return KeyTerms(
        id=found.id,
        name=found.name,
        mode=found.mode,
        scopes=frozenset(row.scopes),
        state=row.state_at(now()),
        expires_at=found.expires_at,
        last_used_at=found.last_used_at,
        requests_per_second=found.requests_per_second or DEFAULT_REQUESTS_PER_SECOND,
    )


def note_used(database: Database, key_id: int, moment: datetime) -> None:
    """Record that a key was used, once a minute. Does nothing while another transaction has the row."""
    free = select(ApiKey.id).where(
        ApiKey.id == key_id, or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= moment - USED_EVERY)
    )
    database.execute(
        update(ApiKey)
        .where(ApiKey.id.in_(free.with_for_update(skip_locked=True).scalar_subquery()))
        .values(last_used_at=moment)
    )


def checked_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean:
        raise Refusal("name", "Name the program that uses the key.")
    if len(clean) > LONGEST_NAME:
        raise Refusal("name", f"Use at most {LONGEST_NAME} characters; these are {len(clean)}.")
    return clean


def checked_scopes(scopes: Collection[str]) -> tuple[Scope, ...]:
    """The scopes in their usual order. Raises Refusal."""
    if not scopes or set(scopes) - set(SCOPES):
        raise Refusal("scopes", "Choose what the key may do.")
    return tuple(scope for scope in SCOPES if scope in scopes)


def refuse_past(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= now():
        raise Refusal("expires_at", "Choose a day in the future, or leave it empty.")


def record_key(session: Session, row: ApiKey, action: str, words: str, staff_id: int) -> None:
    audit.record_act(session, audit.Act(action, words, staff_id=staff_id, subject=("api_key", row.id)))
