"""Makes a recorded plan change at Stripe. Each step can be repeated: nothing is done twice."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import Transaction
from billingportal.domain.common.due_times import is_impossible
from billingportal.domain.entitlements import evaluation
from billingportal.domain.metering.push import push_waiting
from billingportal.domain.plan_changes.previews import phase_of
from billingportal.domain.plan_changes.withdrawal import PlannedAtStripe, drop_at_stripe
from billingportal.domain.subscriptions import change_state
from billingportal.domain.subscriptions.invoice_history import BY_BILL
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import SUBSCRIPTION, SUBSCRIPTION_SCHEDULE
from billingportal.models import PlanChange, ProcessorAccount
from billingportal.models.plan_changes.plan_change import ChangeTiming
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing, StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.checkouts import MissingCard
from billingportal.stripe_gateway.requests.schedules import NewPhase
from billingportal.stripe_gateway.requests.subscriptions import ItemChange, TrialChange

# An answer of Stripe takes seconds; what is still intended after this was lost on the way.
LOST_AFTER = timedelta(seconds=40)
DECLINED = "The card was declined."


@dataclass(frozen=True)
class Intent:
    """A recorded change as it is sent to Stripe. `key` is its idempotency key: the same on every retry, and unique to
    the change even in a recreated database."""

    move_id: int
    client_id: int
    account_id: int
    stripe_subscription_id: str
    timing: ChangeTiming
    is_paid_by_bill: bool
    changes: tuple[ItemChange, ...]
    prorated_at: datetime
    trial: TrialChange | None
    phase: NewPhase
    key: str


def intent_of(session: Session, move: PlanChange) -> Intent:
    subscription = change_state.subscription_of(session, move)
    return Intent(
        move_id=move.id,
        client_id=move.client_id,
        account_id=move.processor_account_id,
        stripe_subscription_id=move.stripe_subscription_id,
        timing=move.timing,
        is_paid_by_bill=subscription is not None and subscription.collection_method == BY_BILL,
        changes=tuple(change_of(row) for row in cast(list[JsonObject], move.preview["changes"])),
        prorated_at=move.prorated_at or move.created_at,
        trial=trial_change(move),
        phase=phase_of(move),
        key=f"plan-move-{move.processor_account_id}-{move.id}-{move.created_at.isoformat()}",
    )


def trial_change(move: PlanChange) -> TrialChange | None:
    """What becomes of the trial; None without one."""
    end = cast(str | None, move.preview.get("trial_end"))
    if end is None:
        return None
    without = cast(MissingCard, move.preview["missing_card"])
    if end in ("now", "kept"):
        return TrialChange("now" if end == "now" else "kept", without)
    return TrialChange(datetime.fromisoformat(end), without)


def change_of(row: JsonObject) -> ItemChange:
    return ItemChange(
        cast(str | None, row["stripe_subscription_item_id"]),
        str(row["stripe_price_id"]),
        cast(int | None, row["quantity"]),
        bool(row["is_removed"]),
    )


def finish_change(transaction: Transaction, gateway: StripeGateway, move_id: int) -> None:
    """Send a recorded change to Stripe and store its outcome.

    When Stripe does not answer, the change stays intended and the worker asks again, under the same key.
    """
    with transaction() as session:
        move = session.get_one(PlanChange, move_id)
        if move.state != "intended":
            return
        intent = intent_of(session, move)
    try:
        if intent.timing == "now":
            change_now(transaction, gateway, intent)
        else:
            change_later(transaction, gateway, intent)
    except (RequestRefused, NotThere, RightMissing) as problem:
        fail_change(transaction, move_id, f"Stripe says: {problem.message}")
    except StripeProblem:
        return
    with transaction() as session:
        evaluation.evaluate(session, intent.client_id)


def change_now(transaction: Transaction, gateway: StripeGateway, intent: Intent) -> None:
    gateway.subscriptions.change_items(
        intent.stripe_subscription_id,
        intent.changes,
        prorated_at=intent.prorated_at,
        is_paid_by_bill=intent.is_paid_by_bill,
        trial=intent.trial,
        idempotency_key=intent.key,
    )
    take_in(transaction, gateway, intent)


def change_later(transaction: Transaction, gateway: StripeGateway, intent: Intent) -> None:
    """Schedule the change for the end of the period."""
    made = gateway.schedules.plan(intent.stripe_subscription_id, intent.phase, intent.key)
    reconciliation.refresh(transaction, gateway, intent.account_id, SUBSCRIPTION_SCHEDULE, made.stripe_schedule_id)
    with transaction() as session:
        move = session.get_one(PlanChange, intent.move_id)
        if move.state == "intended":
            move.state, move.stripe_schedule_id = "scheduled", made.stripe_schedule_id
            move.preview = {**move.preview, "terms": made.terms}
            change_state.record_change(session, move, "plan_move.scheduled", change_state.change_words(move))
    reconciliation.refresh(transaction, gateway, intent.account_id, SUBSCRIPTION, intent.stripe_subscription_id)


def take_in(transaction: Transaction, gateway: StripeGateway, intent: Intent) -> None:
    """Refresh the subscription from Stripe; drop a pending change whose payment was declined by voiding its invoice."""
    account_id, subscription_id = intent.account_id, intent.stripe_subscription_id
    invoice_id = reconciliation.refresh_subscription(transaction, gateway, account_id, subscription_id)
    with transaction() as session:
        row = change_state.subscription_of(session, session.get_one(PlanChange, intent.move_id))
        is_pending = row is not None and row.pending_update_expires_at is not None
    if invoice_id is None or not is_pending:
        return
    state = gateway.subscriptions.payment_state(invoice_id)
    is_declined = state.intent == "requires_payment_method"
    with transaction() as session:
        wait_for_payment(session, intent.move_id, invoice_id, (state.error or DECLINED) if is_declined else "")
    if is_declined:
        unpaid = PlannedAtStripe(account_id, subscription_id, stripe_invoice_id=invoice_id)
        drop_at_stripe(transaction, gateway, unpaid)


def wait_for_payment(session: Session, move_id: int, invoice_id: str, problem: str) -> None:
    """Store the invoice that the change waits for, and the payment problem; an intended change is now waiting."""
    move = session.get_one(PlanChange, move_id)
    move.preview = {**move.preview, "invoice": invoice_id}
    move.problem = problem
    if move.state == "intended":
        move.state = "waiting"


def fail_change(transaction: Transaction, move_id: int, problem: str) -> None:
    with transaction() as session:
        move = session.get_one(PlanChange, move_id)
        if move.state in change_state.OPEN_STATES:
            change_state.end_change(session, move, "failed", problem)


def accounts_of_lost(session: Session, moment: datetime) -> list[int]:
    """Ids of the connected accounts with a change whose answer from Stripe was lost."""
    found = (
        select(PlanChange.processor_account_id)
        .distinct()
        .join(ProcessorAccount, ProcessorAccount.id == PlanChange.processor_account_id)
        .where(
            ProcessorAccount.state == "connected",
            PlanChange.state == "intended",
            is_lost(moment),
        )
    )
    return list(session.scalars(found))


def is_lost(moment: datetime) -> ColumnElement[bool]:
    """SQL condition of an intended change: its answer is overdue, or the clock was set back since."""
    return or_(PlanChange.created_at <= moment - LOST_AFTER, is_impossible(PlanChange.created_at, moment))


def finish_lost(transaction: Transaction, gateway: StripeGateway, processor_account_id: int) -> None:
    """Send the changes whose answer was lost again: Stripe makes none of them twice."""
    with transaction() as session:
        found = select(PlanChange.id).where(
            PlanChange.processor_account_id == processor_account_id,
            PlanChange.state == "intended",
            is_lost(clock.now()),
        )
        moves = session.execute(found.add_columns(PlanChange.client_id)).all()
    for move_id, client_id in moves:
        if push_waiting(transaction, gateway, client_id).still_waiting:
            continue  # Stripe would bill it at the new price
        finish_change(transaction, gateway, move_id)
