"""Sessions of staff and clients. Each request looks up the session's row, so an ended one is over in every process.

Callers of `start` lock the owner's row first, so that no session starts while access is withdrawn.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, delete, select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Database
from billingportal.domain.auth.browser_names import browser_name
from billingportal.models import BrowserSession, Client, Staff
from billingportal.models.auth.setup_link import hash_token

# The precision of `last_seen_at`.
SEEN_EVERY = timedelta(minutes=1)
# Per owner. A link that is opened again and again must not fill the table: the oldest sessions are deleted.
MOST = 50

Owner = TypeVar("Owner", Staff, Client)
OWNER_IDS = {Staff: BrowserSession.staff_id, Client: BrowserSession.client_id}


@dataclass(frozen=True)
class Device:
    """The address and browser of a request; the address is empty if unknown."""

    address: str
    browser: str

    @classmethod
    def of(cls, address: str | None, user_agent: str) -> "Device":
        """From a request's address and user agent. An invalid address is left empty."""
        try:
            known = str(ip_address(address or ""))
        except ValueError:
            known = ""
        return cls(known, browser_name(user_agent))


def start(session: Session, owner: Staff | Client, device: Device, lifetime: timedelta, replaced: str | None) -> str:
    """Start a session and return its token. The session that the browser came with (`replaced`, a token) ends."""
    if replaced is not None:
        end(session, replaced)
    newest = select(BrowserSession.id).where(of_owner(owner)).order_by(BrowserSession.id.desc())
    too_many = session.scalars(newest.offset(MOST - 1)).all()
    session.execute(delete(BrowserSession).where(BrowserSession.id.in_(too_many)))
    token, moment = secrets.token_urlsafe(32), now()
    session.add(
        BrowserSession(
            token_hash=hash_token(token),
            staff_id=owner.id if isinstance(owner, Staff) else None,
            client_id=owner.id if isinstance(owner, Client) else None,
            access_generation=owner.access_generation,
            started_at=moment,
            last_seen_at=moment,
            expires_at=moment + lifetime,
            address=device.address,
            browser=device.browser,
        )
    )
    return token


def find(session: Session, kind: type[Owner], token: str) -> tuple[BrowserSession, Owner] | None:
    """The session of this token with its owner; None if it is over or of another kind of owner. One indexed read."""
    found = (
        select(BrowserSession, kind)
        .join(kind, kind.id == OWNER_IDS[kind])
        .where(
            BrowserSession.token_hash == hash_token(token),
            BrowserSession.access_generation == kind.access_generation,
            BrowserSession.expires_at > now(),
        )
    )
    row = session.execute(found).one_or_none()
    return None if row is None else (row[0], row[1])


def listed(session: Session, owner: Staff | Client) -> Sequence[BrowserSession]:
    """The owner's running sessions, last seen first."""
    return session.scalars(running(owner).order_by(BrowserSession.last_seen_at.desc(), BrowserSession.id.desc())).all()


def end(session: Session, token: str) -> None:
    """Sign out the browser with this token."""
    session.execute(delete(BrowserSession).where(BrowserSession.token_hash == hash_token(token)))


def end_one(session: Session, owner: Staff | Client, session_id: int) -> BrowserSession | None:
    """End one of the owner's sessions and return it; None when it is not theirs, or over already."""
    found = next((one for one in listed(session, owner) if one.id == session_id), None)
    if found is not None:
        session.delete(found)
    return found


def end_others(session: Session, owner: Staff | Client, kept_id: int | None) -> int:
    """End the owner's sessions but one. Returns how many ended."""
    others = [one.id for one in listed(session, owner) if one.id != kept_id]
    session.execute(delete(BrowserSession).where(BrowserSession.id.in_(others)))
    return len(others)


def is_seen_long_ago(row: BrowserSession, moment: datetime) -> bool:
    """Whether `last_seen_at` is to be updated."""
    return abs(moment - row.last_seen_at) >= SEEN_EVERY


def note_seen(database: Database, session_id: int, device: Device, moment: datetime) -> None:
    """Update when and where the session was last seen. Does nothing while another request does so."""
    free = select(BrowserSession.id).where(BrowserSession.id == session_id).with_for_update(skip_locked=True)
    database.execute(
        update(BrowserSession)
        .where(BrowserSession.id.in_(free.scalar_subquery()))
        .values(last_seen_at=moment, address=device.address, browser=device.browser)
    )


def drop_expired(session: Session, moment: datetime) -> None:
    """Delete the rows of expired sessions."""
    session.execute(delete(BrowserSession).where(BrowserSession.expires_at <= moment))


def running(owner: Staff | Client) -> Select[BrowserSession]:
    return select(BrowserSession).where(
        of_owner(owner),
        BrowserSession.access_generation == owner.access_generation,
        BrowserSession.expires_at > now(),
    )


def of_owner(owner: Staff | Client) -> ColumnElement[bool]:
    """SQL condition: every session of the owner, over or not."""
    if isinstance(owner, Staff):
        return BrowserSession.staff_id == owner.id
    return BrowserSession.client_id == owner.id
