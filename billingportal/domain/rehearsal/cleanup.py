"""Deletes test clocks, with their customers, and archives the throw-away clients."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.rehearsal.stage import LABEL
from billingportal.domain.rehearsal.steps.arrival import clock_name
from billingportal.models import Client, ProcessorAccount, Rehearsal, RehearsalClient, RehearsalLife, RehearsalStep
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.test_mode.test_clocks import ClockState

# No rehearsal takes so long: a clock with our label that is older was left behind.
OLD, KEPT_BY_STRIPE = timedelta(days=1), timedelta(days=31)


def clean_life(transaction: Transaction, gateway: StripeGateway, life_id: int) -> None:
    """Delete the life's clocks, also one whose id was lost on its way here, and coupons. Raises a StripeProblem."""
    with transaction() as session:
        life = session.get_one(RehearsalLife, life_id)
        known = life.stripe_test_clock_id
        is_gone = life.clock_deleted_at is not None
        coupons = coupon_ids(session, life_id)
    if not is_gone:
        name = clock_name(life_id)
        lost = [one.stripe_test_clock_id for one in gateway.test_clocks.all() if one.name == name]
        for clock_id in dict.fromkeys([*([known] if known else []), *lost]):
            gateway.test_clocks.delete(clock_id)
        for coupon_id in coupons:
            gateway.test_coupons.delete(coupon_id)
    with transaction() as session:
        life = session.get_one(RehearsalLife, life_id)
        life.clock_deleted_at = life.clock_deleted_at or now()
        clients = session.scalars(
            select(Client)
            .join(RehearsalClient, RehearsalClient.client_id == Client.id)
            .where(RehearsalClient.rehearsal_life_id == life_id, Client.archived_at.is_(None))
        )
        for client in clients:
            client.archive(now())


def coupon_ids(session: Session, life_id: int) -> list[str]:
    """The coupons that steps of the life made, or were about to make, named by the steps' keys."""
    steps = session.scalars(
        select(RehearsalStep).where(RehearsalStep.rehearsal_life_id == life_id, RehearsalStep.state != "waiting")
    )
    return [step.idempotency_key for step in steps if step.intent.get("percent_off")]


def accounts_to_search(session: Session) -> list[int]:
    """The connected accounts of test mode that may have a clock of ours: Stripe deletes each after 30 days itself."""
    rows = (
        select(Rehearsal.processor_account_id)
        .distinct()
        .join(ProcessorAccount, ProcessorAccount.id == Rehearsal.processor_account_id)
        .where(
            Rehearsal.created_at > now() - KEPT_BY_STRIPE,
            ProcessorAccount.state == "connected",
            ProcessorAccount.key_state == "working",
        )
    )
    return list(session.scalars(rows))


def left_behind(gateway: StripeGateway) -> list[ClockState]:
    """The clocks at Stripe with our label that are older than a day. Raises a StripeProblem."""
    oldest = now() - OLD
    return [one for one in gateway.test_clocks.all() if one.name.startswith(LABEL) and one.created_at < oldest]


def delete_left_behind(transaction: Transaction, gateway: StripeGateway) -> int:
    """Delete the clocks, and coupons, with our label that are older than a day; how many clocks.

    Raises a StripeProblem.
    """
    for coupon_id in gateway.test_coupons.named(LABEL, now() - OLD):
        gateway.test_coupons.delete(coupon_id)
    found = left_behind(gateway)
    for one in found:
        gateway.test_clocks.delete(one.stripe_test_clock_id)
    ids = [one.stripe_test_clock_id for one in found]
    with transaction() as session:
        lives = session.scalars(select(RehearsalLife).where(RehearsalLife.stripe_test_clock_id.in_(ids)))
        for life in lives:
            life.clock_deleted_at = life.clock_deleted_at or now()
    return len(found)
