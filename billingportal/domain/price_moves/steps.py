"""Makes a confirmed price move: one plan change at Stripe for each client, then its email.

Each step can be repeated. The plan change is recorded before Stripe is asked and has an idempotency key of its own, so
that a crash between two steps makes neither a second schedule nor a second email.
"""

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.clients import clients
from billingportal.domain.metering.push import push_waiting
from billingportal.domain.plan_changes import steps as plan_change_steps
from billingportal.domain.plan_changes.present_plan import present_plan
from billingportal.domain.price_moves import emails
from billingportal.domain.price_moves.quotes import REFUSED, Movable, movable, takes_effect_at
from billingportal.domain.subscriptions import change_state
from billingportal.errors import Conflict, Refusal
from billingportal.models import PlanChange, PriceMoveClient
from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.gateway import StripeGateway

BY_CLIENT = "Changed by the client."
CALLED_OFF = "Called off, here or in Stripe."


def schedule_row(transaction: Transaction, gateway: StripeGateway, row_id: int) -> None:
    """Schedule the new price of one client. Raises StripeProblem when Stripe does not answer."""
    change_id = record_intent(transaction, gateway, row_id)
    if change_id is not None:
        with transaction() as session:
            client_id = session.get_one(PlanChange, change_id).client_id
        push_waiting(transaction, gateway, client_id)
        plan_change_steps.finish_change(transaction, gateway, change_id)
        with transaction() as session:
            follow_row(session, session.get_one(PriceMoveClient, row_id))


def record_intent(transaction: Transaction, gateway: StripeGateway, row_id: int) -> int | None:
    """Record the client's plan change and return its id; None where the client cannot be moved now."""
    try:
        with transaction() as session:
            client = movable(session, session.get_one(PriceMoveClient, row_id))
        at = takes_effect_at(gateway, client)
        with transaction() as session:
            row = locked_row(session, row_id)
            if row.state != "chosen" or row.undo_asked_at is not None:
                return row.plan_change_id
            row.takes_effect_at = max(at, row.takes_effect_at or at)
            change = change_of(movable(session, row), row)
            session.add(change)
            session.flush()
            row.state, row.plan_change_id = "intended", change.id
            words = f"Asked for the new price of {row.move.plan.name}"
            change_state.record_change(session, change, "plan_move.asked", words)
            return change.id
    except Conflict:
        return None
    except (Refusal, *REFUSED) as refusal:
        with transaction() as session:
            fail_row(locked_row(session, row_id), str(refusal))
        return None


def locked_row(session: Session, row_id: int) -> PriceMoveClient:
    """The row, read again under the lock of its client."""
    row = session.get_one(PriceMoveClient, row_id)
    clients.lock_client(session, row.client_id)
    session.refresh(row)
    return row


def fail_row(row: PriceMoveClient, problem: str) -> None:
    if row.state == "chosen":
        row.state, row.problem = "failed", problem


def change_of(client: Movable, row: PriceMoveClient) -> PlanChange:
    """The plan change that moves the client: to the same plan, by its new price, at the renewal."""
    present = client.present
    return PlanChange(
        client_id=row.client_id,
        processor_account_id=present.account_id,
        stripe_subscription_id=present.stripe_subscription_id,
        from_plan_id=present.plan.id if present.plan else None,
        to_plan_id=row.move.plan_id,
        choice=client.selection.to_json(),
        timing="renewal",
        state="intended",
        preview=preview_of(client, row),
        prorated_at=present.moment,
        takes_effect_at=row.takes_effect_at,
        staff_id=row.move.staff_id,
        created_at=now(),
    )


def preview_of(client: Movable, row: PriceMoveClient) -> JsonObject:
    """What is stored with the plan change, as by `plan_changes.previews`."""
    items: dict[str, Json] = dict(client.items_after)
    changes: list[Json] = [vars(change) for change in client.changes]
    return {
        "currency": client.present.currency,
        "due_minor": 0,
        "first_minor": row.first_minor,
        "renewal_minor": row.will_pay_minor,
        "renews_at": row.takes_effect_at.isoformat() if row.takes_effect_at else None,
        "trial_end": None,
        "items": items,
        "changes": changes,
    }


def follow_row(session: Session, row: PriceMoveClient) -> None:
    """Update a row from its plan change. A new schedule announces itself by email, once."""
    change = session.get(PlanChange, row.plan_change_id, populate_existing=True) if row.plan_change_id else None
    if change is None or row.state not in ("intended", "scheduled"):
        return
    if change.state == "scheduled" and row.state == "intended":
        row.state = "scheduled"
        emails.announce(session, row)
    elif change.state == "done":
        row.state = "moved"
    elif change.state == "canceled" and not is_being_replaced(session, row.client_id):
        row.state, row.problem = "undone", call_off_words(change, row)
        if pays_as_before(session, row):
            emails.take_back(session, row)
    elif change.state in ("failed", "declined"):
        row.state, row.problem = "failed", change.problem


def is_being_replaced(session: Session, client_id: int) -> bool:
    """Whether another change of the client is being made: if it is not paid, the move comes back."""
    change = change_state.open_change(session, client_id)
    return change is not None and change.state != "scheduled"


def pays_as_before(session: Session, row: PriceMoveClient) -> bool:
    """Whether the client goes on paying the old price: it neither changed its plan nor cancelled it."""
    present = present_plan(session, row.client)
    if present is None or present.ends_at is not None:
        return False
    return row.move.from_link.stripe_price_id in [item.stripe_price_id for item in present.items]


def call_off_words(change: PlanChange, row: PriceMoveClient) -> str:
    """Why the move of a client was called off; empty when it was undone on the move's own page."""
    if row.undo_asked_at is not None:
        return ""
    return BY_CLIENT if change.staff_id is None else change.problem or CALLED_OFF
