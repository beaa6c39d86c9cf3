"""Old events are dropped once they are settled."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.sync import retention
from billingportal.jobs import sync as sync_jobs
from billingportal.models import ProcessorAccount, StripeEvent
from billingportal.models.connection.stripe_event import STATES, EventState
from billingportal.portal import current_portal


def add_events(states: list[EventState], age_days: int) -> None:
    moment = clock.now() - timedelta(days=age_days)
    with transaction() as session:
        account = session.scalar(select(ProcessorAccount)) or ProcessorAccount(
            mode="test", state="connected", preflight=[]
        )
        session.add(account)
        session.flush()
        number = session.scalar(select(func.count()).select_from(StripeEvent)) or 0
        for position, state in enumerate(states, start=number):
            session.add(
                StripeEvent(
                    processor_account_id=account.id,
                    stripe_event_id=f"evt_{position}",
                    type="customer.updated",
                    created_at=moment,
                    received_at=moment,
                    source="webhook",
                    state=state,
                    payload="{}",
                    attempted_at=moment,
                )
            )


def left(session: Session) -> list[tuple[str, bool]]:
    session.rollback()
    rows = session.execute(select(StripeEvent.state, StripeEvent.received_at).order_by(StripeEvent.id)).all()
    return [(state, received_at < clock.now() - retention.EVENTS_KEPT) for state, received_at in rows]


def test_settled_events_are_dropped_after_ninety_days_and_others_stay(session: Session) -> None:
    add_events(list(STATES), age_days=91)
    add_events(list(STATES), age_days=89)
    sync_jobs.prune_events(current_portal())

    assert left(session) == [("pending", True), ("failed", True), *((state, False) for state in STATES)]


def test_many_old_events_are_dropped_bite_by_bite_past_those_that_stay(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BITE", 3)
    add_events(["failed", "failed", "failed", "applied", "failed", "applied", "stale"], age_days=100)
    sync_jobs.prune_events(current_portal())

    assert left(session) == [("failed", True)] * 4
