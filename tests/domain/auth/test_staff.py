import pytest
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.auth import staff
from billingportal.errors import Conflict
from billingportal.models.auth.staff import Staff


def test_a_new_password_ends_what_the_old_one_opened(session: Session, owner: Staff) -> None:
    with transaction() as writing:
        staff.change_password(writing, owner.id, checked_hash=owner.password_hash, new_hash="new")
    changed = session.get_one(Staff, owner.id)
    assert changed.password_hash == "new"
    assert changed.access_generation == owner.access_generation + 1


@pytest.mark.usefixtures("session")
def test_of_two_changes_at_once_the_second_is_refused(owner: Staff) -> None:
    with transaction() as writing:
        staff.change_password(writing, owner.id, checked_hash=owner.password_hash, new_hash="first")
    with pytest.raises(Conflict), transaction() as writing:
        staff.change_password(writing, owner.id, checked_hash=owner.password_hash, new_hash="second")
