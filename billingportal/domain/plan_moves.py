"""Changes of plan: shown exactly before they are made, made at that price, at most one at a time for a client."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import Transaction
from billingportal.domain import (
    cancellations,
    clients,
    invoice_words,
    move_items,
    plan_move_ends,
    plan_move_states,
    plan_move_steps,
)
from billingportal.domain.choices import Selection
from billingportal.domain.move_planning import Planned, planned, proration_moment
from billingportal.domain.move_previews import Charge, Preview, charge_of
from billingportal.domain.present_plans import PresentPlan
from billingportal.errors import Conflict, PortalError, Refusal
from billingportal.models import PlanMove
from billingportal.models.plan_move import MoveTiming
from billingportal.money import Money
from billingportal.stripe_gateway.errors import RequestRefused
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.invoice_previews import InvoicePreview

LASTS = timedelta(minutes=10)


class Aged(PortalError):
    """The change is not what was shown any more. It comes with a new preview, to be confirmed."""

    def __init__(self, preview: Preview) -> None:
        super().__init__("What you saw is not up to date any more. Please look again.")
        self.preview = preview


def preview(
    transaction: Transaction,
    gateway: StripeGateway,
    client_id: int,
    plan_id: int,
    selection: Selection,
    *,
    timing: MoveTiming | None = None,
    prorated_at: datetime | None = None,
) -> Preview:
    """What the change would cost, by Stripe; nothing is changed. Raises Refusal, and a StripeProblem."""
    with transaction() as session:
        plan = planned(session, client_id, plan_id, selection)
        moment = prorated_at or proration_moment(plan.present)
        chosen = timing if timing in plan.timings else plan.timings[0]
    if not plan.wanted:
        return put_together(plan, chosen, moment, None, None, plan.present.period_ends_at)
    subscription_id = plan.present.stripe_subscription_id
    later = gateway.subscriptions.preview(subscription_id, plan.changes, is_recurring=True)
    renewal = Money(later.total_minor, later.currency)
    if chosen == "renewal" or plan.present.is_on_trial:
        return put_together(plan, chosen, moment, None, renewal, trial_or_period_end(plan.present))
    invoice = gateway.subscriptions.preview(subscription_id, plan.changes, prorated_at=moment)
    if is_of_next_period(plan.present, invoice):
        return put_together(plan, chosen, moment, None, renewal, plan.present.period_ends_at)
    with transaction() as session:
        lines = invoice_words.worded(session, plan.present.account_id, invoice)
    return put_together(plan, chosen, moment, charge_of(invoice, lines), renewal, renews_at(plan, invoice, moment))


def is_of_next_period(present: PresentPlan, invoice: InvoicePreview) -> bool:
    """Whether nothing is charged now: Stripe shows the next invoice then."""
    next_period = min(item.ends_at for item in present.items)
    return any(line.starts_at >= next_period for line in invoice.lines)


def trial_or_period_end(present: PresentPlan) -> datetime:
    return present.trial_ends_at if present.is_on_trial and present.trial_ends_at else present.period_ends_at


def renews_at(plan: Planned, invoice: InvoicePreview, moment: datetime) -> datetime:
    """When the next payment is due: what is charged now says so where it starts a new period."""
    ends = [line.ends_at for line in invoice.lines if line.amount_minor >= 0 and line.ends_at > moment]
    return max(ends, default=plan.present.period_ends_at)


def put_together(
    plan: Planned,
    timing: MoveTiming,
    moment: datetime,
    charge: Charge | None,
    renewal: Money | None,
    renewing_at: datetime,
) -> Preview:
    present = plan.present
    return Preview(
        from_words=plan.from_words,
        to_words=plan.to_words,
        plan=plan.plan,
        selection=plan.selection,
        direction=plan.direction,
        timing=timing,
        timings=plan.timings,
        charge=charge,
        renewal=renewal,
        renews_at=renewing_at if plan.wanted else None,
        has_usage=plan.has_usage,
        is_on_trial=present.is_on_trial,
        prorated_at=moment,
        takes_effect_at=present.period_ends_at if timing == "renewal" else moment,
        over=plan.over,
        changes=tuple(plan.changes),
        items_after=tuple(sorted(move_items.after(present.items, plan.wanted).items())),
        ends_subscription=not plan.wanted,
    )


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
    plan_move_ends.clear_the_way(transaction, gateway, client_id, staff_id=staff_id)
    with transaction() as session:
        move, is_new = begin(session, client_id, shown, staff_id)
        move_id = move.id
    if is_new:
        plan_move_steps.finish(transaction, gateway, move_id)
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
        found = preview(transaction, gateway, client_id, plan_id, selection, timing=timing, prorated_at=moment)
    except RequestRefused:
        found = preview(transaction, gateway, client_id, plan_id, selection, timing=timing)
        raise Aged(found) from None
    if not is_fresh or found.timing != timing:
        raise Aged(found)
    return found


def is_old(present: PresentPlan, prorated_at: datetime) -> bool:
    return prorated_at < present.moment - LASTS or prorated_at < present.period_started_at


def same_move(
    session: Session, client_id: int, plan_id: int, timing: MoveTiming, prorated_at: datetime
) -> PlanMove | None:
    """The change that was made from the same preview."""
    return session.scalar(
        select(PlanMove)
        .where(
            PlanMove.client_id == client_id,
            PlanMove.to_plan_id == plan_id,
            PlanMove.timing == timing,
            PlanMove.prorated_at == prorated_at,
        )
        .order_by(PlanMove.id.desc())
        .limit(1)
    )


def begin(session: Session, client_id: int, shown: Preview, staff_id: int | None) -> tuple[PlanMove, bool]:
    """Write down that the change is wanted; one that is wanted already is the same. Raises Conflict for another one."""
    client = clients.locked(session, client_id)
    running = plan_move_states.running(session, client_id)
    choice = shown.selection.to_json()
    if running is not None:
        if (running.to_plan_id, running.choice, running.timing) == (shown.plan.id, choice, shown.timing):
            return running, False
        raise Conflict("Another change is being made right now. Wait a moment, then look again.")
    plan = planned(session, client_id, shown.plan.id, shown.selection)
    if tuple(plan.changes) != shown.changes:
        raise Refusal("", "The subscription was changed meanwhile. Please look again.")
    move = PlanMove(
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
    plan_move_states.record(session, move, "plan_move.asked", words_of(shown))
    return move, True


def words_of(shown: Preview) -> str:
    when = "" if shown.timing == "now" else " at the end of the period"
    return f"Asked for the change from {shown.from_words} to {shown.to_words}{when}"
