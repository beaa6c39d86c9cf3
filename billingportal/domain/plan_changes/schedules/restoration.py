"""Plans a withdrawn change again where what was to take its place was not done."""

from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.plan_changes import steps as plan_change_steps
from billingportal.domain.subscriptions import change_state
from billingportal.models import PlanChange
from billingportal.stripe_gateway.gateway import StripeGateway


def scheduled_change(session: Session, client_id: int) -> int | None:
    """The id of the client's planned change, if there is one."""
    change = change_state.open_change(session, client_id)
    return change.id if change is not None and change.state == "scheduled" else None


def restore(transaction: Transaction, gateway: StripeGateway, client_id: int, change_id: int | None) -> None:
    """Plan a withdrawn change again. Call it with no transaction open; where Stripe does not answer, the worker asks
    again."""
    with transaction() as session:
        change = session.get_one(PlanChange, change_id) if change_id is not None else None
        if change is not None and change.state == "canceled":
            change_state.restore_change(session, change)
    finish_restored(transaction, gateway, client_id)


def finish_restored(transaction: Transaction, gateway: StripeGateway, client_id: int) -> None:
    """Send the planned change that came back to Stripe."""
    with transaction() as session:
        change = change_state.open_change(session, client_id)
        restored_id = change.id if change is not None and "restored" in change.preview else None
    if restored_id is not None:
        plan_change_steps.finish_change(transaction, gateway, restored_id)
