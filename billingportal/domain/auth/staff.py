"""Changes that staff make to their own account: password and sessions."""

from sqlalchemy.orm import Session

from billingportal.domain.auth import browser_sessions
from billingportal.domain.common import audit
from billingportal.errors import Conflict
from billingportal.models.auth.staff import Staff


def change_password(session: Session, staff_id: int, *, checked_hash: str, new_hash: str) -> Staff:
    """Replace the password whose hash was checked; this person's sessions and known browsers become invalid.

    Raises Conflict when somebody else changed the password since it was checked.
    """
    staff = session.get_one(Staff, staff_id, with_for_update=True)
    if staff.password_hash != checked_hash:
        raise Conflict("The password was changed elsewhere a moment ago. Sign in again.")
    staff.change_password(new_hash)
    audit.record_act(
        session,
        audit.Act("staff.changed_password", "Changed the password", staff_id=staff.id, subject=("staff", staff.id)),
    )
    return staff


def sign_out_of(session: Session, staff_id: int, session_id: int) -> str | None:
    """End one of this person's sessions and return its browser. None when it was over already, or is not theirs."""
    staff = session.get_one(Staff, staff_id)
    ended = browser_sessions.end_one(session, staff, session_id)
    if ended is None:
        return None
    record_sign_out(session, staff, f"Signed out of {ended.browser}")
    return ended.browser


def sign_out_elsewhere(session: Session, staff_id: int, kept_id: int | None) -> int:
    """End all of this person's sessions but one. Returns how many ended."""
    staff = session.get_one(Staff, staff_id)
    count = browser_sessions.end_others(session, staff, kept_id)
    if count:
        record_sign_out(session, staff, f"Signed out of {count} other session{'s' if count > 1 else ''}")
    return count


def record_sign_out(session: Session, staff: Staff, words: str) -> None:
    audit.record_act(
        session, audit.Act("staff.signed_out_elsewhere", words, staff_id=staff.id, subject=("staff", staff.id))
    )
