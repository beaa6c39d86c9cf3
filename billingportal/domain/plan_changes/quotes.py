"""Asks Stripe what a change of plan would cost. Nothing is changed."""

from datetime import datetime

from billingportal.db import Transaction
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes import invoice_text, item_matching
from billingportal.domain.plan_changes.planning import Planned, planned, proration_moment
from billingportal.domain.plan_changes.present_plan import PresentPlan
from billingportal.domain.plan_changes.previews import Charge, Preview, charge_of
from billingportal.models.plan_changes.plan_change import MoveTiming
from billingportal.money import Money
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.invoice_previews import InvoicePreview


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
        lines = invoice_text.worded(session, plan.present.account_id, invoice)
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
        items_after=tuple(sorted(item_matching.after(present.items, plan.wanted).items())),
        ends_subscription=not plan.wanted,
    )
