"""Creates the first owner through a link that works once."""

import secrets
from datetime import timedelta
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.domain.common import audit, locks
from billingportal.domain.common.email_addresses import canonical_address
from billingportal.errors import Conflict, Refusal
from billingportal.models.auth.setup_link import SetupLink, hash_token
from billingportal.models.auth.staff import Staff

LIFETIME = timedelta(hours=24)
LinkState = Literal["open", "used", "expired", "unknown"]


def needs_owner(session: Session) -> bool:
    """Whether there is no staff yet."""
    return session.scalars(select(Staff.id).limit(1)).first() is None


def new_link(session: Session) -> str:
    """The token of a new link, for 24 hours; older links end. Raises Refusal when the portal is set up."""
    locks.take_turns(session, locks.SETUP)
    if not needs_owner(session):
        raise Refusal("", "The portal is set up already. Sign in, or ask the owner.")
    session.execute(delete(SetupLink))
    token = secrets.token_urlsafe(32)
    now = clock.now()
    session.add(SetupLink(token_hash=hash_token(token), created_at=now, expires_at=now + LIFETIME))
    return token


def link_state(session: Session, token: str) -> LinkState:
    """The state of the link with this token. Once there is staff, every link counts as used."""
    if not needs_owner(session):
        return "used"
    link = session.scalars(select(SetupLink).where(SetupLink.token_hash == hash_token(token))).one_or_none()
    if link is None:
        return "unknown"
    return "open" if link.is_open(clock.now()) else "expired"


def create_owner(session: Session, token: str, *, name: str, email: str, password_hash: str) -> Staff:
    """Create the owner and mark the link as used. Raises Conflict when the link does not work any more."""
    locks.take_turns(session, locks.SETUP)
    if link_state(session, token) != "open":
        raise Conflict("This set-up link does not work any more.")
    now = clock.now()
    link = session.scalars(select(SetupLink).where(SetupLink.token_hash == hash_token(token))).one()
    link.used_at = now
    owner = Staff(
        name=name.strip(),
        email=canonical_address(email),
        password_hash=password_hash,
        role="owner",
        created_at=now,
        last_signed_in_at=now,
    )
    session.add(owner)
    session.flush()
    audit.record_act(
        session, audit.Act("staff.created", "Set up the portal", staff_id=owner.id, subject=("staff", owner.id))
    )
    return owner
