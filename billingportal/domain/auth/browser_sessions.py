"""Who is signed in, and where. A session is a row that each request looks up: ended here, it is over in every process.

Whoever starts a session locks its owner's row first, so that none slips in while access is withdrawn.
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

# How exactly a session knows when it was last seen.
SEEN_EVERY = timedelta(minutes=1)
# Of one owner. A link that is opened again and again must not fill the table: the oldest sessions make room.
MOST = 50

Owner = TypeVar("Owner", Staff, Client)
OWNER_IDS = {Staff: BrowserSession.staff_id, Client: BrowserSession.client_id}


@dataclass(frozen=True)
class Device:
    """The other end of a request, as far as it told us."""

    address: str
    browser: str

    @classmethod
    def of(cls, address: str | None, user_agent: str) -> "Device":
        """From what a request says. An address that is none is left empty."""
        try:
            known = str(ip_address(address or ""))
        except ValueError:
            known = ""
        return cls(known, browser_name(user_agent))


def start(session: Session, owner: Staff | Client, device: Device, lifetime: timedelta, replaced: str | None) -> str:
    """Sign somebody in: the token of a new session. The one that the browser came with (`replaced`) ends."""
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
    """The session of this token and whose it is; None unless it runs and is of this kind. One indexed read."""
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
    """The sessions of somebody that run, the one that was seen last first."""
    return session.scalars(running(owner).order_by(BrowserSession.last_seen_at.desc(), BrowserSession.id.desc())).all()


def end(session: Session, token: str) -> None:
    """Sign out the browser with this token."""
    session.execute(delete(BrowserSession).where(BrowserSession.token_hash == hash_token(token)))


def end_one(session: Session, owner: Staff | Client, session_id: int) -> BrowserSession | None:
    """Sign somebody out of one browser. Returns what was ended; None when it is not theirs, or over already."""
    found = next((one for one in listed(session, owner) if one.id == session_id), None)
    if found is not None:
        session.delete(found)
    return found


def end_others(session: Session, owner: Staff | Client, kept_id: int | None) -> int:
    """Sign somebody out everywhere but in one browser; how many sessions ended."""
    others = [one.id for one in listed(session, owner) if one.id != kept_id]
    session.execute(delete(BrowserSession).where(BrowserSession.id.in_(others)))
    return len(others)


def is_seen_long_ago(row: BrowserSession, moment: datetime) -> bool:
    """Whether it is time to note that the session is used."""
    return abs(moment - row.last_seen_at) >= SEEN_EVERY


def note_seen(database: Database, session_id: int, device: Device, moment: datetime) -> None:
    """Note that the session is used now. Does nothing while another request notes it."""
    free = select(BrowserSession.id).where(BrowserSession.id == session_id).with_for_update(skip_locked=True)
    database.execute(
        update(BrowserSession)
        .where(BrowserSession.id.in_(free.scalar_subquery()))
        .values(last_seen_at=moment, address=device.address, browser=device.browser)
    )


def drop_expired(session: Session, moment: datetime) -> None:
    """Delete the rows of sessions that have run out."""
    session.execute(delete(BrowserSession).where(BrowserSession.expires_at <= moment))


def running(owner: Staff | Client) -> Select[BrowserSession]:
    return select(BrowserSession).where(
        of_owner(owner),
        BrowserSession.access_generation == owner.access_generation,
        BrowserSession.expires_at > now(),
    )


def of_owner(owner: Staff | Client) -> ColumnElement[bool]:
    """Every row of somebody, over or not."""
    if isinstance(owner, Staff):
        return BrowserSession.staff_id == owner.id
    return BrowserSession.client_id == owner.id
