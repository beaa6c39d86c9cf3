"""Withdraws a plan change that is scheduled or waits for its payment: the present plan stays."""

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.clients import clients
from billingportal.domain.common import audit
from billingportal.domain.entitlements import evaluation
from billingportal.domain.subscriptions import change_state
from billingportal.domain.subscriptions.client_subscriptions import running_of
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import INVOICE, SUBSCRIPTION, SUBSCRIPTION_SCHEDULE
from billingportal.errors import Conflict, Refusal
from billingportal.models import PlanChange, Subscription
from billingportal.stripe_gateway.errors import RequestRefused
from billingportal.stripe_gateway.gateway import StripeGateway

NEW_PRICE = "The new price stays. You can change your plan or cancel it before that day."


@dataclass(frozen=True)
class PlannedAtStripe:
    """A change that Stripe has not made yet: its schedule, or the invoice whose payment it waits for."""

    account_id: int
    stripe_subscription_id: str
    stripe_schedule_id: str | None = None
    stripe_invoice_id: str | None = None


def withdraw_planned(transaction: Transaction, gateway: StripeGateway, client_id: int, *, staff_id: int | None) -> bool:
    """Withdraw the open change, and release a schedule made in Stripe itself. Returns whether there was one of them.

    Raises Conflict and a StripeProblem.
    """
    is_withdrawn = withdraw_change(transaction, gateway, client_id, staff_id=staff_id)
    with transaction() as session:
        client = clients.lock_client(session, client_id)
        schedule = schedule_of(running_of(session, client))
    if schedule is None:
        return is_withdrawn
    drop_at_stripe(transaction, gateway, schedule)
    with transaction() as session:
        record_release(session, client_id, schedule.account_id, staff_id)
    return True


def withdraw_own(transaction: Transaction, gateway: StripeGateway, client_id: int) -> bool:
    """Withdraw the open change as the client asks, unless the partner made it: then the client may change or cancel its
    plan instead. Returns whether one was withdrawn. Raises Refusal, Conflict and a StripeProblem."""
    with transaction() as session:
        change = change_state.open_change(session, client_id)
        if change is not None and change_state.price_move_of(session, change) is not None:
            raise Refusal("", NEW_PRICE)
    return withdraw_change(transaction, gateway, client_id, staff_id=None)


def withdraw_change(transaction: Transaction, gateway: StripeGateway, client_id: int, *, staff_id: int | None) -> bool:
    """Withdraw the open change. Returns whether one was withdrawn. Raises Conflict and a StripeProblem.

    A payment that came first wins: then the change is made.
    """
    with transaction() as session:
        change = change_state.open_change(session, client_id)
        if change is None:
            return False
        if change.state == "intended":
            raise Conflict("The change is being made right now. Wait a moment, then look again.")
        change_id, planned = change.id, planned_at_stripe(session, change)
    drop_at_stripe(transaction, gateway, planned)
    with transaction() as session:
        return record_withdrawal(session, client_id, change_id, staff_id)


def drop_at_stripe(transaction: Transaction, gateway: StripeGateway, planned: PlannedAtStripe) -> None:
    """Release the schedule or void the invoice, and refresh the subscription. Raises a StripeProblem.

    An invoice that is paid or void by now is no error: the refreshed rows tell what became of the change.
    """
    objects = [(SUBSCRIPTION, planned.stripe_subscription_id)]
    if planned.stripe_schedule_id is not None:
        gateway.schedules.release(planned.stripe_schedule_id)
        objects.insert(0, (SUBSCRIPTION_SCHEDULE, planned.stripe_schedule_id))
    elif planned.stripe_invoice_id is not None:
        with suppress(RequestRefused):
            gateway.subscriptions.give_up_invoice(planned.stripe_invoice_id)
        objects.insert(0, (INVOICE, planned.stripe_invoice_id))
    reconciliation.refresh_all(transaction, gateway, planned.account_id, *objects)


def schedule_of(subscription: Subscription | None) -> PlannedAtStripe | None:
    """The schedule that changes the subscription, if any."""
    if subscription is None or subscription.stripe_schedule_id is None:
        return None
    return PlannedAtStripe(
        subscription.processor_account_id, subscription.stripe_subscription_id, subscription.stripe_schedule_id
    )


def planned_at_stripe(session: Session, change: PlanChange) -> PlannedAtStripe:
    """The schedule of the change, or the invoice that it waits for."""
    invoice_id = change.preview.get("invoice")
    if not isinstance(invoice_id, str):
        subscription = change_state.subscription_of(session, change)
        invoice_id = subscription.latest_stripe_invoice_id if subscription else None
    return PlannedAtStripe(
        change.processor_account_id, change.stripe_subscription_id, change.stripe_schedule_id, invoice_id
    )


def record_withdrawal(session: Session, client_id: int, change_id: int, staff_id: int | None) -> bool:
    """End the change as canceled, unless it is made. Returns whether it is canceled."""
    change = session.get_one(PlanChange, change_id, populate_existing=True)
    subscription = change_state.subscription_of(session, change)
    is_running = change.state in change_state.OPEN_STATES
    if is_running and not (subscription and change_state.is_made(subscription, change)):
        change.staff_id = staff_id
        change_state.end_change(session, change, "canceled")
    evaluation.evaluate(session, client_id)
    return change.state == "canceled"


def record_release(session: Session, client_id: int, account_id: int, staff_id: int | None) -> None:
    """Write the audit entry of a schedule made in Stripe that was dropped here."""
    audit.record_act(
        session,
        audit.Act(
            "subscription.schedule_released",
            "Dropped the change that was planned in Stripe",
            staff_id=staff_id,
            actor="staff" if staff_id else "client",
            subject=("client", client_id),
            processor_account_id=account_id,
        ),
    )
    evaluation.evaluate(session, client_id)
