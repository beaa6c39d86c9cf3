"""Stores which live object is the twin of a test object."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.common.locks import CATALOG, take_turns
from billingportal.domain.go_live.pairs.catalog import catalog
from billingportal.errors import Refusal
from billingportal.models import TwinChoice
from billingportal.models.go_live.twin_choice import TwinType

NEW = "new"


@dataclass(frozen=True)
class Answer:
    """`live_object_id` is NEW where a new object is to be created."""

    object_type: TwinType
    test_object_id: str
    live_object_id: str


def choose_twin(session: Session, answer: Answer, *, staff_id: int) -> None:
    """Store a choice, or replace the one before. Raises Refusal for objects that are not on the page."""
    take_turns(session, CATALOG)
    found = catalog(session)
    if found is None:
        raise Refusal("", "Connect Stripe in both modes first.")
    live_ids = {one.price.stripe_price_id for one in found.live} | {
        one.stripe_product_id for one in found.live_products
    }
    test_ids = set(found.test) | {one.price.stripe_product_id for one in found.test.values()}
    if answer.test_object_id not in test_ids or answer.live_object_id not in live_ids | {NEW}:
        raise Refusal("", "The prices changed in Stripe meanwhile. Look at them again.")
    live_id = None if answer.live_object_id == NEW else answer.live_object_id
    row = session.scalar(
        select(TwinChoice).where(
            TwinChoice.live_account_id == found.live_account_id,
            TwinChoice.object_type == answer.object_type,
            TwinChoice.test_object_id == answer.test_object_id,
        )
    )
    if row is None:
        row = TwinChoice(
            live_account_id=found.live_account_id,
            object_type=answer.object_type,
            test_object_id=answer.test_object_id,
        )
        session.add(row)
    elif row.live_object_id == live_id:
        return
    row.live_object_id, row.staff_id, row.chosen_at = live_id, staff_id, now()
    record_choice(session, answer, live_id, found.live_account_id, staff_id)


def record_choice(session: Session, answer: Answer, live_id: str | None, account_id: int, staff_id: int) -> None:
    twin = f"{live_id} is" if live_id else "a new one is to be created as"
    words = f"Chose that {twin} the live twin of the {answer.object_type} {answer.test_object_id}"
    act = audit.Act(
        "twin.chosen",
        words,
        staff_id=staff_id,
        subject=(answer.object_type, answer.test_object_id),
        processor_account_id=account_id,
    )
    audit.record_act(session, act)
