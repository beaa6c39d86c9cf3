from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.common import audit
from billingportal.models.audit_entry import AuditEntry
from billingportal.models.auth.staff import Staff


def test_an_entry_tells_who_did_what_to_which_row(session: Session, owner: Staff) -> None:
    before = clock.now()
    with transaction() as writing:
        audit.record_act(
            writing,
            audit.Act(
                "plan.archived",
                "Archived Starter",
                staff_id=owner.id,
                subject=("plan", 7),
                details={"clients": 3},
            ),
        )
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.staff_id, entry.action) == ("staff", owner.id, "plan.archived")
    assert (entry.subject_type, entry.subject_id, entry.details) == ("plan", "7", {"clients": 3})
    assert before <= entry.recorded_at <= clock.now()


def test_an_entry_of_a_sync_needs_no_person(session: Session) -> None:
    with transaction() as writing:
        audit.record_act(
            writing, audit.Act("webhook.repaired", "Registered the webhook again", actor="sync", processor_account_id=2)
        )
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.staff_id, entry.processor_account_id) == ("sync", None, 2)
    assert entry.details == {}
