"""Throttles sign-in attempts. Every attempt counts as wrong until it is proven right, so concurrent ones count too."""

import hashlib
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.domain.auth import passwords
from billingportal.domain.common import audit, locks
from billingportal.domain.common.due_times import is_impossible
from billingportal.domain.common.email_addresses import canonical_address
from billingportal.errors import PortalError
from billingportal.models.auth.sign_in_attempt import SignInAttempt
from billingportal.models.auth.staff import Staff

WINDOW = timedelta(minutes=15)
WRONG_PER_ACCOUNT = 5
WRONG_PER_ADDRESS = 20
# Stored in place of an address, so that neither counts for the other.
KNOWN_BROWSER = "known browser"


class Throttled(PortalError):
    """Too many attempts. `until` is when the next one is let through."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"no attempt before {until:%H:%M} UTC")
        self.until = until

    @property
    def seconds_left(self) -> int:
        """Whole seconds until the next attempt, at least one."""
        return max(1, int((self.until - clock.now()).total_seconds()) + 1)

    @property
    def minutes_left(self) -> int:
        return -(-self.seconds_left // 60)


def admit_attempt(session: Session, email: str, address: str, *, known_as: str | None = None) -> int:
    """Let one attempt through and return its id. Accounts that do not exist are treated alike.

    `known_as` names a browser (see known_browsers) or a signed-in person that proved before to own the account. Their
    attempts are counted by that name alone, so that a stranger who only knows the e-mail address cannot lock them out.

    Raises Throttled. Commit before the password is checked: others must see the attempt.
    """
    locks.take_turns(session, locks.SIGN_IN)
    now = clock.now()
    forget(session, now, WINDOW)
    attempt = SignInAttempt(attempted_at=now)
    if known_as is None:
        attempt.account_hash, attempt.address = hash_account(email), network_of(address)
    else:
        attempt.account_hash, attempt.address = hash_known(known_as), KNOWN_BROWSER
    refuse_too_many(session, attempt)
    session.add(attempt)
    session.flush()
    return attempt.id


def forget(session: Session, moment: datetime, window: timedelta) -> None:
    """Delete the attempts that are older than the window, and those stored by a clock that was ahead: their age is
    unknown, and they would keep people out until the clock is there again."""
    ahead = is_impossible(SignInAttempt.attempted_at, moment)
    session.execute(delete(SignInAttempt).where(ahead | (SignInAttempt.attempted_at <= moment - window)))


def refuse_too_many(session: Session, attempt: SignInAttempt) -> None:
    """Raises Throttled when too many attempts of the account or address are stored."""
    waits = [free_again(session, SignInAttempt.account_hash == attempt.account_hash, WRONG_PER_ACCOUNT)]
    if attempt.address != KNOWN_BROWSER:
        waits.append(free_again(session, SignInAttempt.address == attempt.address, WRONG_PER_ADDRESS))
    until = max((moment for moment in waits if moment is not None), default=None)
    if until is not None:
        raise Throttled(until)


def find_staff(session: Session, email: str) -> Staff | None:
    """The member of staff with this e-mail address, however it is typed."""
    return session.scalars(select(Staff).where(Staff.email == canonical_address(email))).one_or_none()


def forgive_attempt(session: Session, attempt_id: int) -> None:
    """Delete an attempt that was right, so that it does not count any more."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.id == attempt_id))


def record_sign_in(session: Session, staff: Staff, attempt_id: int, new_hash: str | None) -> None:
    """Record the sign-in. `new_hash` replaces a hash that was made with weaker parameters."""
    forgive_attempt(session, attempt_id)
    staff.last_signed_in_at = clock.now()
    if new_hash is not None:
        staff.password_hash = new_hash
    audit.record_act(session, audit.Act("staff.signed_in", "Signed in", staff_id=staff.id, subject=("staff", staff.id)))


def renewed_hash(password_hash: str, password: str) -> str | None:
    """A fresh hash when the stored one is outdated."""
    return passwords.make_hash(password) if passwords.is_outdated(password_hash) else None


def free_again(session: Session, same: ColumnElement[bool], limit: int) -> datetime | None:
    """When the next attempt is let through, or None when it is let through now."""
    newest = select(SignInAttempt.attempted_at).where(same).order_by(SignInAttempt.attempted_at.desc())
    oldest_that_counts = session.scalars(newest.offset(limit - 1).limit(1)).one_or_none()
    return None if oldest_that_counts is None else oldest_that_counts + WINDOW


def hash_account(email: str) -> str:
    return hashlib.sha256(canonical_address(email).encode()).hexdigest()


def hash_known(name: str) -> str:
    """A hash that no account has: no e-mail address has blanks in it."""
    return hashlib.sha256(f"known as {name}".encode()).hexdigest()


def network_of(address: str) -> str:
    """The address that is counted. One IPv6 customer owns a whole /64, so that is counted as one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)
