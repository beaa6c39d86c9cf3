"""Fetches from Stripe what a change of a subscription costs. Changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.clients import clients
from billingportal.domain.common.shown_amounts import ShownAmount
from billingportal.domain.invoices.payment_method_text import method_words, usual_method
from billingportal.domain.plan_changes import invoice_text, item_matching, trial_terms
from billingportal.domain.plan_changes.planning import ChangeRequest, Planned, planned, proration_moment
from billingportal.domain.plan_changes.present_plan import PresentPlan
from billingportal.domain.plan_changes.previews import Charge, Preview, charge_of
from billingportal.domain.subscriptions import client_subscriptions
from billingportal.models import Client
from billingportal.models.plan_changes.plan_change import ChangeTiming
from billingportal.money import Money
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.invoice_previews import InvoicePreview
from billingportal.stripe_gateway.requests.discounts import ChosenDiscounts, RunningDiscount
from billingportal.stripe_gateway.requests.subscriptions import ItemChange


def preview(transaction: Transaction, gateway: StripeGateway, request: ChangeRequest) -> Preview:
    """Plan the requested change and preview its cost; changes nothing. Raises Refusal and a StripeProblem."""
    with transaction() as session:
        client = clients.find_client(session, request.client_id)
        plan = planned(session, client, request)
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
    running = gateway.discounts.running(present.stripe_subscription_id) if present.has_adjustments else ()
    renewal = later_price(gateway, present.stripe_subscription_id, plan.changes, running)
    trial_ends_at = trial_terms.trial_end(present, plan.trial_days, moment)
    if chosen == "renewal" or trial_ends_at is not None:
        starts_at = trial_ends_at or present.period_ends_at
        first = first_price(gateway, plan, running, starts_at)
        shown = put_together(plan, chosen, moment, None, renewal, starts_at)
        return replace(shown, first=first if first != renewal else None)
    invoice = gateway.subscriptions.preview(
        present.stripe_subscription_id, plan.changes, prorated_at=moment, ends_trial=plan.ends_trial
    )
    if is_of_next_period(present, invoice):
        return put_together(plan, chosen, moment, None, renewal, present.period_ends_at)
    with transaction() as session:
        lines = invoice_text.worded(session, present.client_id, present.account_id, invoice)
    return put_together(plan, chosen, moment, charge_of(invoice, lines), renewal, renews_at(plan, invoice, moment))


def later_price(
    gateway: StripeGateway,
    subscription_id: str,
    changes: Sequence[ItemChange],
    running: Sequence[RunningDiscount],
    *,
    starts_at: datetime | None = None,
) -> Money:
    """The price after these changes of the period that starts then, with the discounts that still run; without a start
    of every period, with the discounts that never end."""
    if starts_at is None:
        kept = [one for one in running if one.duration == "forever"]
    else:
        kept = [one for one in running if one.ends_at is None or one.ends_at > starts_at]
    invoice = gateway.subscriptions.preview(
        subscription_id,
        changes,
        is_recurring=starts_at is None,
        discounts=ChosenDiscounts(running, kept) if running else None,
    )
    return Money(invoice.total_minor, invoice.currency)


def first_price(
    gateway: StripeGateway, plan: Planned, running: Sequence[RunningDiscount], starts_at: datetime
) -> Money | None:
    """The first invoice after a later change, with the discounts that run then. None where usage comes on top, or
    where nothing but prices counts."""
    present = plan.present
    if not running or plan.has_usage or any(not item.is_licensed for item in present.items):
        return None
    return later_price(gateway, present.stripe_subscription_id, plan.changes, running, starts_at=starts_at)


def is_of_next_period(present: PresentPlan, invoice: InvoicePreview) -> bool:
    """Whether Stripe previewed the next period's invoice, which means that nothing is charged now."""
    next_period = min(item.ends_at for item in present.items)
    return any(line.starts_at >= next_period for line in invoice.lines)


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
    trial_ends_at = trial_terms.trial_end(present, plan.trial_days, moment) if plan.wanted else None
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
        bills_use=any(not item.is_licensed for item in present.items),
        prorated_at=moment,
        takes_effect_at=present.period_ends_at if timing == "renewal" else moment,
        over=plan.over,
        changes=tuple(plan.changes),
        items_after=tuple(sorted(item_matching.after(present.items, plan.wanted).items())),
        ends_subscription=not plan.wanted,
        ends_trial=plan.ends_trial,
        trial_ends_at=trial_ends_at,
        shortens_trial=trial_ends_at is not None and trial_ends_at != present.trial_ends_at,
        staying=plan.staying,
        replaces=present.planned,
    )


@dataclass(frozen=True)
class ImmediateCharge:
    """What ending a trial, resuming or cancelling charges at once.

    `charge` is None when Stripe would make no invoice. `method_words` names the payment method, empty for none.
    `has_open_use`: use is charged too, and may grow until then.
    """

    stripe_subscription_id: str
    currency: str
    charge: Charge | None
    method_id: str
    method_words: str
    has_open_use: bool = False

    @property
    def amount(self) -> Money:
        """What is charged; zero when nothing is."""
        return self.charge.due if self.charge else Money(0, self.currency)

    @property
    def shown(self) -> ShownAmount:
        """What the button says that does it. Use that may grow is no part of what is compared."""
        return ShownAmount(self.stripe_subscription_id, self.agreed, self.method_id)

    @property
    def agreed(self) -> Money:
        """The amount that must not change until it is charged: with open use, what the other lines charge."""
        if not self.has_open_use:
            return self.amount
        lines = self.charge.lines if self.charge else ()
        others = sum(line.amount.minor for line in lines if not line.is_usage)
        return Money(max(others, 0), self.currency)


def immediate_charge(
    session: Session,
    client: Client,
    present: PresentPlan,
    invoice: InvoicePreview | None,
    *,
    has_open_use: bool = False,
) -> ImmediateCharge:
    """The previewed charge in words, with the payment method that Stripe charges; none where a bill is sent."""
    link = client_subscriptions.link_of(session, client)
    usual = usual_method(session, link, client_subscriptions.running_of(session, client))
    method = None if present.is_paid_by_bill else usual
    lines = invoice_text.worded(session, client.id, present.account_id, invoice) if invoice else []
    return ImmediateCharge(
        stripe_subscription_id=present.stripe_subscription_id,
        currency=present.currency,
        charge=charge_of(invoice, lines) if invoice and invoice.lines else None,
        method_id=method.stripe_payment_method_id if method else "",
        method_words=method_words(method, present.moment).words if method else "",
        has_open_use=has_open_use,
    )
