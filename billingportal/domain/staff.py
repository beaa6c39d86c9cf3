"""What staff may change about themselves."""

from sqlalchemy.orm import Session

from billingportal.domain import audit
from billingportal.errors import Conflict
from billingportal.models.staff import Staff


def change_password(session: Session, staff_id: int, *, checked_hash: str, new_hash: str) -> Staff:
    """Replace the password whose hash was checked; every session of this person ends.

    Raises Conflict when somebody else changed the password since it was checked.
    """
    staff = session.get_one(Staff, staff_id, with_for_update=True)
    if staff.password_hash != checked_hash:
        raise Conflict("The password was changed elsewhere a moment ago. Sign in again.")
    staff.change_password(new_hash)
    audit.record(
        session, "staff.changed_password", "Changed the password", staff_id=staff.id, subject=("staff", staff.id)
    )
    return staff
