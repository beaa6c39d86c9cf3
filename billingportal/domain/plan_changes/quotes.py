"""Fetches the cost of a plan change from Stripe. Changes nothing."""

from datetime import datetime

from billingportal.db import Transaction
from billingportal.domain.plan_changes import invoice_text, item_matching
from billingportal.domain.plan_changes.planning import ChangeRequest, Planned, planned, proration_moment
from billingportal.domain.plan_changes.present_plan import PresentPlan
from billingportal.domain.plan_changes.previews import Charge, Preview, charge_of
from billingportal.models.plan_changes.plan_change import ChangeTiming
from billingportal.money import Money
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.invoice_previews import InvoicePreview


def preview(transaction: Transaction, gateway: StripeGateway, request: ChangeRequest) -> Preview:
    """Plan the requested change and preview its cost; changes nothing. Raises Refusal and a StripeProblem."""
    with transaction() as session:
        plan = planned(session, request)
    return quote(transaction, gateway, plan, request.timing, request.prorated_at)


def quote(
    transaction: Transaction,
    gateway: StripeGateway,
    plan: Planned,
    timing: ChangeTiming | None,
    prorated_at: datetime | None = None,
) -> Preview:
    """Preview the cost of a planned change. `prorated_at` None is now. Raises a StripeProblem."""
    present = plan.present
    moment = prorated_at or proration_moment(present)
    chosen = timing if timing in plan.timings else plan.timings[0]
    if not plan.wanted:
        return put_together(plan, chosen, moment, None, None, present.period_ends_at)
    later = gateway.subscriptions.preview(present.stripe_subscription_id, plan.changes, is_recurring=True)
    renewal = Money(later.total_minor, later.currency)
    if chosen == "renewal" or present.is_on_trial:
        return put_together(plan, chosen, moment, None, renewal, trial_or_period_end(present))
    invoice = gateway.subscriptions.preview(present.stripe_subscription_id, plan.changes, prorated_at=moment)
    if is_of_next_period(present, invoice):
        return put_together(plan, chosen, moment, None, renewal, present.period_ends_at)
    with transaction() as session:
        lines = invoice_text.worded(session, present.client_id, present.account_id, invoice)
    return put_together(plan, chosen, moment, charge_of(invoice, lines), renewal, renews_at(plan, invoice, moment))


def is_of_next_period(present: PresentPlan, invoice: InvoicePreview) -> bool:
    """Whether Stripe previewed the next period's invoice, which means that nothing is charged now."""
    next_period = min(item.ends_at for item in present.items)
    return any(line.starts_at >= next_period for line in invoice.lines)


def trial_or_period_end(present: PresentPlan) -> datetime:
    return present.trial_ends_at if present.is_on_trial and present.trial_ends_at else present.period_ends_at


def renews_at(plan: Planned, invoice: InvoicePreview, moment: datetime) -> datetime:
    """The date of the next payment: the end of a period charged now, else of the present period."""
    ends = [line.ends_at for line in invoice.lines if line.amount_minor >= 0 and line.ends_at > moment]
    return max(ends, default=plan.present.period_ends_at)


def put_together(
    plan: Planned,
    timing: ChangeTiming,
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
