"""Runs rehearsals: one life after the other, each step as a row, so that a kill at any point resumes."""

import secrets
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.rehearsal import cleanup
from billingportal.domain.rehearsal.play import play_life
from billingportal.domain.rehearsal.rehearsals import UNDER_WAY
from billingportal.domain.rehearsal.stage import Patience, Stage, Stopped
from billingportal.models import ProcessorAccount, Rehearsal, RehearsalLife
from billingportal.models.rehearsal.rehearsal import Verdict
from billingportal.stripe_gateway.gateway import StripeGateway

# A worker that dies leaves its rehearsal to another one after this long. One call to Stripe takes less.
LEASE = timedelta(minutes=5)
USUAL = Patience()


def run_queued(transaction: Transaction, gateway: StripeGateway, account_id: int, patience: Patience = USUAL) -> None:
    """Run the account's rehearsal to its end, unless another worker runs it. Raises a StripeProblem: then it waits."""
    token = secrets.token_hex(8)
    rehearsal_id = claim(transaction, account_id, token)
    if rehearsal_id is None:
        return
    try:
        run(transaction, gateway, rehearsal_id, patience, keeper(transaction, rehearsal_id, token))
    except Stopped:
        finish_canceled(transaction, gateway, rehearsal_id, token)
    finally:
        release(transaction, rehearsal_id, token)


def waiting_accounts(session: Session) -> list[int]:
    """The connected accounts with a rehearsal that has not ended."""
    rows = (
        select(Rehearsal.processor_account_id)
        .join(ProcessorAccount, ProcessorAccount.id == Rehearsal.processor_account_id)
        .where(
            Rehearsal.state.in_(UNDER_WAY),
            ProcessorAccount.state == "connected",
            ProcessorAccount.key_state == "working",
        )
    )
    return list(session.scalars(rows))


def claim(transaction: Transaction, account_id: int, token: str) -> int | None:
    """Take the account's rehearsal for this worker; None where there is none, or another one has it."""
    with transaction() as session:
        row = session.scalar(
            select(Rehearsal)
            .where(Rehearsal.processor_account_id == account_id, Rehearsal.state.in_(UNDER_WAY))
            .with_for_update()
        )
        if row is None or (row.leased_until is not None and now() < row.leased_until <= now() + LEASE):
            return None
        row.lease, row.leased_until = token, now() + LEASE
        row.started_at = row.started_at or now()
        if row.state == "queued":
            row.state = "running"
        endpoint = session.get_one(ProcessorAccount, account_id).endpoint
        if row.event_road is None and (endpoint is None or endpoint.state != "registered"):
            row.event_road = "catch_up"
        return row.id


def keeper(transaction: Transaction, rehearsal_id: int, token: str) -> Callable[[], None]:
    """Keeps the lease. Raises Stopped where it was lost, or the rehearsal is to end."""

    def keep() -> None:
        with transaction() as session:
            row = session.get_one(Rehearsal, rehearsal_id, with_for_update=True)
            if row.lease != token or row.state != "running":
                raise Stopped("The rehearsal is to end.")
            row.leased_until = now() + LEASE

    return keep


def release(transaction: Transaction, rehearsal_id: int, token: str) -> None:
    with transaction() as session:
        row = session.get_one(Rehearsal, rehearsal_id, with_for_update=True)
        if row.lease == token:
            row.lease = row.leased_until = None


def run(
    transaction: Transaction,
    gateway: StripeGateway,
    rehearsal_id: int,
    patience: Patience,
    look: Callable[[], None],
) -> None:
    """Play the lives that have not ended, in their order. Raises Stopped and StripeProblem."""
    while True:
        look()
        with transaction() as session:
            rehearsal = session.get_one(Rehearsal, rehearsal_id)
            life = session.scalars(
                select(RehearsalLife)
                .where(RehearsalLife.rehearsal_id == rehearsal_id, RehearsalLife.state != "ended")
                .order_by(RehearsalLife.id)
                .limit(1)
            ).first()
            if life is None:
                break
            stage = Stage(
                transaction,
                gateway,
                rehearsal.processor_account_id,
                life.id,
                rehearsal.event_road,
                patience,
                look,
            )
            state = life.state
        if state != "cleaning":
            play_life(stage)
        end_life(stage)
    finish(transaction, rehearsal_id)


def end_life(stage: Stage) -> None:
    """Delete the life's clock; it has ended then. Raises a StripeProblem."""
    cleanup.clean_life(stage.transaction, stage.gateway, stage.life_id)
    with stage.transaction() as session:
        life = session.get_one(RehearsalLife, stage.life_id)
        life.state, life.ended_at = "ended", now()


def finish(transaction: Transaction, rehearsal_id: int) -> None:
    with transaction() as session:
        row = session.get_one(Rehearsal, rehearsal_id, with_for_update=True)
        lives = session.scalars(select(RehearsalLife).where(RehearsalLife.rehearsal_id == rehearsal_id)).all()
        newest = {(one.plan_id, one.interval, one.interval_count, one.currency): one for one in lives}
        row.state, row.ended_at = "finished", now()
        row.verdict = verdict_of([one.verdict for one in newest.values()])


def verdict_of(verdicts: list[Verdict | None]) -> Verdict:
    """Failed where one failed; passed only where all passed."""
    if "failed" in verdicts:
        return "failed"
    return "passed" if verdicts and all(one == "passed" for one in verdicts) else "not_provable"


def finish_canceled(transaction: Transaction, gateway: StripeGateway, rehearsal_id: int, token: str) -> None:
    """Clean up after somebody asked for the end. Where another worker has the rehearsal, that one does."""
    with transaction() as session:
        row = session.get_one(Rehearsal, rehearsal_id)
        if row.lease != token or row.state != "canceling":
            return
        lives = session.scalars(
            select(RehearsalLife.id).where(RehearsalLife.rehearsal_id == rehearsal_id, RehearsalLife.state != "ended")
        ).all()
    for life_id in lives:
        end_life(Stage(transaction, gateway, row_account(transaction, rehearsal_id), life_id))
    with transaction() as session:
        row = session.get_one(Rehearsal, rehearsal_id, with_for_update=True)
        row.state, row.ended_at = "canceled", now()


def row_account(transaction: Transaction, rehearsal_id: int) -> int:
    with transaction() as session:
        return session.get_one(Rehearsal, rehearsal_id).processor_account_id
