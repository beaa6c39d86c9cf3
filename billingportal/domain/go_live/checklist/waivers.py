"""Waives an item of the checklist, and takes it back."""

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.common.locks import SELLING, take_turns
from billingportal.domain.go_live.checklist.checklist import BY_KEY
from billingportal.errors import Refusal
from billingportal.models import ChecklistWaiver

LONGEST_REASON = 200


def waive(session: Session, key: str, reason: str, *, staff_id: int) -> None:
    """Waive an open item, for a reason. Raises Refusal for an item that cannot be waived, or without a reason."""
    definition = BY_KEY.get(key)
    if definition is None or not definition.may_be_waived:
        raise Refusal("", "This item can’t be waived.")
    words = " ".join(reason.split())
    if not words:
        raise Refusal("reason", "Say why: the reason is kept in the audit log.")
    if len(words) > LONGEST_REASON:
        raise Refusal("reason", f"Use at most {LONGEST_REASON} characters.")
    take_turns(session, SELLING)
    session.merge(ChecklistWaiver(item=key, reason=words, staff_id=staff_id, waived_at=now()))
    record(session, "checklist.waived", f"Waived “{definition.title}”: {words}", key, staff_id)


def take_back(session: Session, key: str, *, staff_id: int) -> None:
    """Take a waiver back. One that is gone already changes nothing."""
    take_turns(session, SELLING)
    row = session.get(ChecklistWaiver, key)
    if row is None:
        return
    session.delete(row)
    record(session, "checklist.waiver_taken_back", f"Took back the waiver of “{BY_KEY[key].title}”", key, staff_id)


def record(session: Session, action: str, words: str, key: str, staff_id: int) -> None:
    audit.record_act(session, audit.Act(action, words, staff_id=staff_id, subject=("checklist_item", key)))
