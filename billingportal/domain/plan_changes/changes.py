"""Changes of plan: shown exactly before they are made, made at that price, at most one at a time for a client."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import Transaction
from billingportal.domain.clients import clients
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes import cancellations, withdrawal
from billingportal.domain.plan_changes import quotes as plan_change_quotes
from billingportal.domain.plan_changes import steps as plan_change_steps
from billingportal.domain.plan_changes.planning import planned
from billingportal.domain.plan_changes.present_plan import PresentPlan
from billingportal.domain.plan_changes.previews import Preview
from billingportal.domain.subscriptions import change_state
from billingportal.errors import Conflict, PortalError, Refusal
from billingportal.models import PlanChange
from billingportal.models.plan_changes.plan_change import MoveTiming
from billingportal.stripe_gateway.errors import RequestRefused
from billingportal.stripe_gateway.gateway import StripeGateway

LASTS = timedelta(minutes=10)


class Aged(PortalError):
    """The change is not what was shown any more. It comes with a new preview, to be confirmed."""

    def __init__(self, preview: Preview) -> None:
        super().__init__("What you saw is not up to date any more. Please look again.")
        self.preview = preview


def make(
    transaction: Transaction,
    gateway: StripeGateway,
    client_id: int,
    plan_id: int,
    selection: Selection,
    *,
    timing: MoveTiming,
    prorated_at: datetime,
    seal: str,
    staff_id: int | None,
) -> int | None:
    """Make the change that was shown; the id of its row, or None where the subscription will end instead.

    The same preview confirmed twice is one change. Call it with no transaction open. Raises Aged when something is
    not as shown any more, Refusal, Conflict, and a StripeProblem when Stripe does not answer.
    """
    with transaction() as session:
        earlier = same_move(session, client_id, plan_id, timing, prorated_at)
        if earlier is not None:
            return earlier.id
    shown = recalled(transaction, gateway, client_id, plan_id, selection, timing, prorated_at)
    if shown.seal != seal:
        raise Aged(shown)
    if shown.ends_subscription:
        cancellations.cancel(
            transaction,
            gateway,
            client_id,
            at_once=False,
            base_plan_id=plan_id,
            staff_id=staff_id,
            reason="",
            comment="",
        )
        return None
    withdrawal.clear_the_way(transaction, gateway, client_id, staff_id=staff_id)
    with transaction() as session:
        move, is_new = begin(session, client_id, shown, staff_id)
        move_id = move.id
    if is_new:
        plan_change_steps.finish(transaction, gateway, move_id)
    return move_id


def recalled(
    transaction: Transaction,
    gateway: StripeGateway,
    client_id: int,
    plan_id: int,
    selection: Selection,
    timing: MoveTiming,
    prorated_at: datetime,
) -> Preview:
    """The same preview once more. Raises Aged for one that is too old, or whose period is over."""
    with transaction() as session:
        present = planned(session, client_id, plan_id, selection).present
        is_fresh = prorated_at <= present.moment + LASTS and not is_old(present, prorated_at)
    moment = prorated_at if is_fresh else None
    try:
        found = plan_change_quotes.preview(
            transaction, gateway, client_id, plan_id, selection, timing=timing, prorated_at=moment
        )
    except RequestRefused:
        found = plan_change_quotes.preview(transaction, gateway, client_id, plan_id, selection, timing=timing)
        raise Aged(found) from None
    if not is_fresh or found.timing != timing:
        raise Aged(found)
    return found


def is_old(present: PresentPlan, prorated_at: datetime) -> bool:
    return prorated_at < present.moment - LASTS or prorated_at < present.period_started_at


def same_move(
    session: Session, client_id: int, plan_id: int, timing: MoveTiming, prorated_at: datetime
) -> PlanChange | None:
    """The change that was made from the same preview."""
    return session.scalar(
        select(PlanChange)
        .where(
            PlanChange.client_id == client_id,
            PlanChange.to_plan_id == plan_id,
            PlanChange.timing == timing,
            PlanChange.prorated_at == prorated_at,
        )
        .order_by(PlanChange.id.desc())
        .limit(1)
    )


def begin(session: Session, client_id: int, shown: Preview, staff_id: int | None) -> tuple[PlanChange, bool]:
    """Write down that the change is wanted; one that is wanted already is the same. Raises Conflict for another one."""
    client = clients.locked(session, client_id)
    running = change_state.running(session, client_id)
    choice = shown.selection.to_json()
    if running is not None:
        if (running.to_plan_id, running.choice, running.timing) == (shown.plan.id, choice, shown.timing):
            return running, False
        raise Conflict("Another change is being made right now. Wait a moment, then look again.")
    plan = planned(session, client_id, shown.plan.id, shown.selection)
    if tuple(plan.changes) != shown.changes:
        raise Refusal("", "The subscription was changed meanwhile. Please look again.")
    move = PlanChange(
        client_id=client.id,
        processor_account_id=plan.present.account_id,
        stripe_subscription_id=plan.present.stripe_subscription_id,
        from_plan_id=plan.present.plan.id if plan.present.plan else None,
        to_plan_id=shown.plan.id,
        choice=choice,
        timing=shown.timing,
        state="intended",
        preview=shown.to_json(),
        prorated_at=shown.prorated_at,
        takes_effect_at=shown.takes_effect_at,
        staff_id=staff_id,
        created_at=clock.now(),
    )
    session.add(move)
    session.flush()
    change_state.record(session, move, "plan_move.asked", words_of(shown))
    return move, True


def words_of(shown: Preview) -> str:
    when = "" if shown.timing == "now" else " at the end of the period"
    return f"Asked for the change from {shown.from_words} to {shown.to_words}{when}"
