"""Withdraws a plan change that is scheduled or waits for its payment: the present plan stays."""

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
from billingportal.models import PlanChange
from billingportal.stripe_gateway.errors import RequestRefused
from billingportal.stripe_gateway.gateway import StripeGateway

NEW_PRICE = "The new price stays. You can change your plan or cancel it before that day."


def withdraw_planned(transaction: Transaction, gateway: StripeGateway, client_id: int, *, staff_id: int | None) -> bool:
    """Withdraw the open change, and release a schedule made in Stripe itself. Returns whether there was one of them.

    Raises Conflict and a StripeProblem.
    """
    is_withdrawn = withdraw_change(transaction, gateway, client_id, staff_id=staff_id)
    with transaction() as session:
        client = clients.lock_client(session, client_id)
        subscription = running_of(session, client)
        schedule_id = subscription.stripe_schedule_id if subscription else None
        where = (subscription.processor_account_id, subscription.stripe_subscription_id) if subscription else None
    if schedule_id is not None and where is not None:
        gateway.schedules.release(schedule_id)
        objects = ((SUBSCRIPTION_SCHEDULE, schedule_id), (SUBSCRIPTION, where[1]))
        reconciliation.refresh_all(transaction, gateway, where[0], *objects)
        with transaction() as session:
            record_release(session, client_id, where[0], staff_id)
        return True
    return is_withdrawn


def withdraw_own(transaction: Transaction, gateway: StripeGateway, client_id: int) -> bool:
    """Withdraw the open change as the client asks, unless the partner made it: then the client may change or cancel its
    plan instead. Returns whether one was withdrawn. Raises Refusal, Conflict and a StripeProblem."""
    with transaction() as session:
        change = change_state.open_change(session, client_id)
        if change is not None and change_state.price_move_of(session, change) is not None:
            raise Refusal("", NEW_PRICE)
    return withdraw_change(transaction, gateway, client_id, staff_id=None)


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


def withdraw_change(transaction: Transaction, gateway: StripeGateway, client_id: int, *, staff_id: int | None) -> bool:
    """Withdraw the open change. Returns whether one was withdrawn. Raises Conflict and a StripeProblem.

    A payment that came first wins: then the change is made.
    """
    with transaction() as session:
        move = change_state.open_change(session, client_id)
        if move is None:
            return False
        if move.state == "intended":
            raise Conflict("The change is being made right now. Wait a moment, then look again.")
        move_id, account_id = move.id, move.processor_account_id
        subscription_id, schedule_id = move.stripe_subscription_id, move.stripe_schedule_id
        invoice_id = invoice_of(session, move)
    objects = [(SUBSCRIPTION, subscription_id)]
    if schedule_id is not None:
        gateway.schedules.release(schedule_id)
        objects.insert(0, (SUBSCRIPTION_SCHEDULE, schedule_id))
    elif invoice_id is not None:
        give_up(gateway, invoice_id)
        objects.insert(0, (INVOICE, invoice_id))
    reconciliation.refresh_all(transaction, gateway, account_id, *objects)
    with transaction() as session:
        return record_withdrawal(session, client_id, move_id, staff_id)


def give_up(gateway: StripeGateway, invoice_id: str) -> None:
    """Void the invoice, unless it is paid or void already."""
    try:
        gateway.subscriptions.give_up_invoice(invoice_id)
    except RequestRefused:
        return


def record_withdrawal(session: Session, client_id: int, move_id: int, staff_id: int | None) -> bool:
    move = session.get_one(PlanChange, move_id, populate_existing=True)
    subscription = change_state.subscription_of(session, move)
    is_running = move.state in change_state.OPEN_STATES
    if is_running and not (subscription and change_state.is_made(subscription, move)):
        move.staff_id = staff_id
        change_state.end_change(session, move, "canceled")
    evaluation.evaluate(session, client_id)
    return move.state == "canceled"


def invoice_of(session: Session, move: PlanChange) -> str | None:
    """The id of the invoice that the change waits for."""
    known = move.preview.get("invoice")
    if isinstance(known, str):
        return known
    subscription = change_state.subscription_of(session, move)
    return subscription.latest_stripe_invoice_id if subscription else None
