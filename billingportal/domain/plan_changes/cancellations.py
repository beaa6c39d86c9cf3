"""Cancels a subscription, now or at the end of the paid period, and resumes one scheduled to end."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import Transaction
from billingportal.domain.clients import clients
from billingportal.domain.common import audit
from billingportal.domain.common.dates import day
from billingportal.domain.common.shown_amounts import ShownAmount, require_unchanged
from billingportal.domain.entitlements import client_plans, evaluation
from billingportal.domain.metering.push import push_before_change
from billingportal.domain.plan_changes import cancellation_reasons, withdrawal
from billingportal.domain.plan_changes.present_plan import PresentPlan, present_plan
from billingportal.domain.plan_changes.quotes import ImmediateCharge, immediate_charge
from billingportal.domain.plan_changes.schedules import restoration
from billingportal.domain.plans import plans
from billingportal.domain.sync import reconciliation
from billingportal.errors import Conflict, Refusal
from billingportal.models import Cancellation, Client
from billingportal.stripe_gateway.errors import RequestRefused
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.subscriptions import Farewell


@dataclass(frozen=True)
class Asked:
    """A recorded cancellation, with the present plan and the idempotency key for Stripe."""

    row_id: int
    present: PresentPlan
    key: str


@dataclass(frozen=True)
class Cancelling:
    """The wanted cancellation. `at_once` ends now and bills usage so far; else it ends with the paid period.

    `is_prorated`: unused prepaid time is credited. `base_plan_id` is the free plan afterwards. `shown`: what ending
    now was said to charge.
    `staff_id` is None when the client cancels. `leaves_use`: staff were told what could not be sent to Stripe.
    """

    client_id: int
    at_once: bool = False
    reason: str = ""
    comment: str = ""
    is_prorated: bool = False
    shown: ShownAmount | None = None
    base_plan_id: int | None = None
    staff_id: int | None = None
    leaves_use: bool = False


def cancel(transaction: Transaction, gateway: StripeGateway, wanted: Cancelling) -> None:
    """Cancel the client's subscription, after what was used was sent to Stripe. Call it with no transaction open.

    Raises Changed when ending now charges another amount than was shown, Refusal, Conflict, and a StripeProblem.
    """
    why = cancellation_reasons.checked(wanted.reason, wanted.comment)
    push_before_change(transaction, gateway, wanted.client_id, leaves_use=wanted.leaves_use or not wanted.at_once)
    if wanted.at_once:
        charge = last_charge(transaction, gateway, wanted.client_id, is_prorated=wanted.is_prorated)
        require_unchanged(wanted.shown, charge.shown)
    with transaction() as session:
        planned_id = restoration.scheduled_change(session, wanted.client_id)
    withdrawal.withdraw_planned(transaction, gateway, wanted.client_id, staff_id=wanted.staff_id)
    try:
        with transaction() as session:
            asked = record_request(session, wanted, why)
        present, name = asked.present, asked.present.stripe_subscription_id
        send(gateway, wanted, why, asked)
    except (Refusal, RequestRefused):
        restoration.restore(transaction, gateway, wanted.client_id, planned_id)
        raise
    reconciliation.refresh_subscription(transaction, gateway, present.account_id, name)
    with transaction() as session:
        client = clients.lock_client(session, wanted.client_id)
        refuse_unless_ending(session, client, name)
        client.base_plan_id = wanted.base_plan_id or client.base_plan_id
        words = ending_words(present, wanted.at_once)
        record_cancellation(session, present, "subscription.cancelled", words, wanted.staff_id)
        evaluation.evaluate(session, wanted.client_id)


def send(gateway: StripeGateway, wanted: Cancelling, why: Farewell, asked: Asked) -> None:
    """Cancel at Stripe: now, or at the end of the period unless that is so already. Raises StripeProblem."""
    present, name = asked.present, asked.present.stripe_subscription_id
    if wanted.at_once:
        gateway.subscriptions.cancel_now(name, is_prorated=wanted.is_prorated, why=why, idempotency_key=asked.key)
    elif present.ends_at is None:
        moment = None if present.has_one_period else present.period_ends_at
        gateway.subscriptions.cancel_at(name, moment, why, asked.key)


def record_request(session: Session, wanted: Cancelling, why: Farewell) -> Asked:
    """Record the cancellation, or reuse the row of the same one. Raises Refusal without a running subscription, and
    for a base plan that has a price."""
    present = present_or_refuse(session, wanted.client_id)
    refuse_paid_base(session, wanted.base_plan_id)
    row = latest(session, present)
    if row is None or row.undone_at is not None or row.is_at_once != wanted.at_once:
        row = Cancellation(
            client_id=wanted.client_id,
            processor_account_id=present.account_id,
            stripe_subscription_id=present.stripe_subscription_id,
            is_at_once=wanted.at_once,
            reason=why.feedback,
            comment=why.comment,
            staff_id=wanted.staff_id,
            asked_at=clock.now(),
        )
        session.add(row)
        session.flush()
    row.reason, row.comment = why.feedback, why.comment
    said = hashlib.sha256(repr((wanted.is_prorated, wanted.shown, why)).encode()).hexdigest()[:16]
    key = f"cancellation-{present.account_id}-{row.id}-{row.asked_at.isoformat()}-{said}"
    # A subscription that was resumed outside the portal is cancelled anew: an old key would bring the old answer.
    return Asked(row.id, present, key if wanted.at_once else f"{key}-{present.revision}")


def refuse_unless_ending(session: Session, client: Client, subscription_id: str) -> None:
    """Raises Conflict when the subscription goes on although Stripe took the cancellation: nobody is told otherwise."""
    present = present_plan(session, client)
    if present is not None and present.stripe_subscription_id == subscription_id and present.ends_at is None:
        raise Conflict("Stripe did not keep the cancellation: the subscription renews. Look again, then cancel again.")


def refuse_paid_base(session: Session, plan_id: int | None) -> None:
    """Raises Refusal for a base plan that is not active or not free: a plan with a price must be bought."""
    plan = plans.find_plan(session, plan_id) if plan_id is not None else None
    if plan_id is not None and (plan is None or plan.state != "active" or not client_plans.is_free(plan)):
        raise Refusal("", "This plan can't be had without paying for it. Choose your plan again.")


def present_or_refuse(session: Session, client_id: int) -> PresentPlan:
    present = present_plan(session, clients.lock_client(session, client_id))
    if present is None:
        raise Refusal("", "There is no subscription that could be cancelled. It may have ended already.")
    return present


def latest(session: Session, present: PresentPlan) -> Cancellation | None:
    """The latest cancellation of this subscription, undone or not."""
    return session.scalar(
        select(Cancellation)
        .where(
            Cancellation.processor_account_id == present.account_id,
            Cancellation.stripe_subscription_id == present.stripe_subscription_id,
        )
        .order_by(Cancellation.id.desc())
        .limit(1)
    )


def resume(transaction: Transaction, gateway: StripeGateway, client_id: int, *, staff_id: int | None) -> None:
    """Undo a scheduled cancellation: by `cancel_at`, `cancel_at_period_end`, or a schedule made in Stripe, which is
    released. Raises Refusal, Conflict and a StripeProblem."""
    with transaction() as session:
        has_schedule = present_or_refuse(session, client_id).stripe_schedule_id is not None
    if has_schedule:
        withdrawal.withdraw_planned(transaction, gateway, client_id, staff_id=staff_id)
    with transaction() as session:
        present = present_or_refuse(session, client_id)
        row = latest(session, present)
        key = f"resume-{present.account_id}-{row.id if row else 0}-{present.revision}"
    if present.ends_at is None:
        with transaction() as session:
            mark_undone(session, present)
        return
    name = present.stripe_subscription_id
    gateway.subscriptions.keep(name, is_at_period_end=present.is_to_end_at_period_end, idempotency_key=f"{name}-{key}")
    reconciliation.refresh_subscription(transaction, gateway, present.account_id, name)
    with transaction() as session:
        mark_undone(session, present)
        record_cancellation(
            session, present, "subscription.resumed", "Resumed the subscription: it renews again", staff_id
        )
        evaluation.evaluate(session, client_id)


def mark_undone(session: Session, present: PresentPlan) -> None:
    """The latest cancellation does not hold any more, whoever resumed the subscription."""
    last = latest(session, present)
    if last is not None and last.undone_at is None:
        last.undone_at = clock.now()


def last_charge(
    transaction: Transaction, gateway: StripeGateway, client_id: int, *, is_prorated: bool = False
) -> ImmediateCharge:
    """What cancelling now charges: usage so far, and whatever else waits for the next invoice.

    Raises Refusal and a StripeProblem.
    """
    with transaction() as session:
        present = present_or_refuse(session, client_id)
    invoice = gateway.subscriptions.preview_end(present.stripe_subscription_id, is_prorated=is_prorated)
    with transaction() as session:
        client = session.get_one(Client, client_id)
        bills_use = any(not item.is_licensed for item in present.items)
        return immediate_charge(session, client, present, invoice, has_open_use=bills_use)


def ending_words(present: PresentPlan, at_once: bool) -> str:
    if at_once:
        return f"Cancelled {present.name} at once"
    return f"Cancelled {present.name} for {day(present.ends_at or present.period_ends_at)}"


def record_cancellation(session: Session, present: PresentPlan, action: str, words: str, staff_id: int | None) -> None:
    audit.record_act(
        session,
        audit.Act(
            action,
            words,
            staff_id=staff_id,
            actor="staff" if staff_id else "client",
            subject=("client", present.client_id),
            processor_account_id=present.account_id,
        ),
    )
