"""The contents of a client's billing page, read from stored rows only: the page works while Stripe does not answer."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.checkout import trial_history
from billingportal.domain.client_portal import due_invoices, notices, plan_status
from billingportal.domain.client_portal.due_invoices import InvoiceNote
from billingportal.domain.client_portal.notices import Notice, Situation
from billingportal.domain.common.status_text import StatusText
from billingportal.domain.dunning import emails as dunning_emails
from billingportal.domain.dunning import ladder
from billingportal.domain.dunning.emails import Footing
from billingportal.domain.entitlements import client_plans
from billingportal.domain.entitlements.planned_changes import PlannedChange, planned_change
from billingportal.domain.entitlements.subscription_facts import ends_at
from billingportal.domain.entitlements.unpaid_changes import unpaid_words
from billingportal.domain.invoices import client_invoices, customer_balance
from billingportal.domain.invoices.client_invoices import InvoiceRow
from billingportal.domain.invoices.customer_balance import CustomerBalance
from billingportal.domain.invoices.open_invoices import OpenInvoice, own_invoice
from billingportal.domain.invoices.payment_method_text import MethodWords, method_words, usual_method
from billingportal.domain.plan_changes import trials
from billingportal.domain.prices.price_text import period_words
from billingportal.domain.subscriptions import checkout_state, client_subscriptions, estimates
from billingportal.domain.subscriptions.client_clock import moment_of
from billingportal.domain.subscriptions.estimates import Estimate
from billingportal.domain.subscriptions.next_payment import NextPayment, next_payment
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.domain.usage import quota_bars
from billingportal.domain.usage.quota_bars import QuotaBar
from billingportal.models import (
    Checkout,
    Client,
    ClientCustomer,
    Customer,
    Entitlement,
    Plan,
    ProcessorAccount,
    Subscription,
)


@dataclass(frozen=True)
class BillingPage:
    """`account` is or was connected; `link` is the client's customer in it. `estimate` is the price of what is
    subscribed to, before discounts and tax. `next` is what is charged next, and `planned` the change that may come with
    it. `unpaid` says what changes only once it is paid."""

    client: Client
    held: Entitlement
    moment: datetime
    account: ProcessorAccount | None
    link: ClientCustomer | None
    subscription: Subscription | None
    customer: Customer | None
    balance: CustomerBalance | None
    estimate: Estimate | None
    next: NextPayment | None
    planned: PlannedChange | None
    unpaid: str
    status: StatusText
    dates: str
    bars: list[QuotaBar]
    method: MethodWords | None
    invoices: list[InvoiceRow]
    older_than: int | None
    method_id: str | None
    due: OpenInvoice | None
    is_saved_since: bool
    notes: list[InvoiceNote]
    checkout: Checkout | None
    base_plan: Plan | None
    has_trial_left: bool
    notice: Notice | None

    @property
    def plan_name(self) -> str | None:
        return self.held.plan.name if self.held.plan else None

    @property
    def is_failing(self) -> bool:
        return self.held.failing_since is not None

    @property
    def may_change_plan(self) -> bool:
        """Whether another plan can take the place of this one: not while its first payment is due."""
        is_unpaid = self.held.standing == "waiting" and self.due is not None
        is_not_started = self.is_failing and self.held.step == "none"
        return self.held.standing != "suspended" and not is_unpaid and not is_not_started

    @property
    def is_paying(self) -> bool:
        """Whether the client has a running subscription, which can be changed and cancelled."""
        return self.subscription is not None and self.subscription.status in LIVE_STATUSES

    @property
    def is_leaving(self) -> bool:
        return self.subscription is not None and ends_at(self.subscription) is not None

    @property
    def may_change_card(self) -> bool:
        """Whether the client has a customer in a connected account."""
        return self.link is not None and self.account is not None and self.account.state == "connected"

    @property
    def is_failed_method(self) -> bool:
        """Whether the method that is charged next is the one that could not be charged."""
        return self.due is not None and self.due.standing == "declined" and self.due.failed_method_id == self.method_id

    @property
    def period_words(self) -> str:
        return period_words(*self.estimate.period) if self.estimate else ""

    @property
    def next_plan(self) -> str | None:
        """The plan that the next payment is for, where another one comes with it."""
        if self.planned is None or self.next is None or self.planned.at != self.next.at:
            return None
        return self.planned.plan_name

    @property
    def period(self) -> str:
        """The usage period in words for the usage card, for example "1 Nov to 1 Dec"."""
        if self.subscription is None or not self.is_paying or not self.subscription.items:
            return ""
        first = min(item.period_started_at for item in self.subscription.items)
        last = min(item.period_ends_at for item in self.subscription.items)
        return f"{first.day} {first:%b} to {last.day} {last:%b}"

    @property
    def address_lines(self) -> list[str]:
        """The lines of the billing address stored at Stripe, without the country."""
        address = self.customer.address if self.customer else {}
        parts = {name: str(value) for name, value in address.items() if value}
        town = " ".join(parts[name] for name in ("postal_code", "city") if name in parts)
        lines = [parts.get("line1", ""), parts.get("line2", ""), town, parts.get("state", "")]
        return [line for line in lines if line]

    @property
    def country(self) -> str | None:
        value = self.customer.address.get("country") if self.customer else None
        return str(value) if value else None


def billing_page(session: Session, client: Client, before_invoice: int | None = None) -> BillingPage:
    """The page of a client. The client must have an entitlement: it was evaluated at least once."""
    held = session.scalars(select(Entitlement).where(Entitlement.client_id == client.id)).one()
    moment = moment_of(session, client)
    link = client_subscriptions.link_of(session, client)
    subscription = subscription_of(session, held)
    method = usual_method(session, link, subscription)
    words = method_words(method, moment) if method else None
    listed = client_invoices.rows(session, link, moment, before_invoice)
    found = due_invoices.open_invoices_of(session, link, subscription)
    own = own_invoice(session, found, subscription)
    due = due_invoices.due_of(session, own, method, moment)
    price = estimate_of(session, subscription)
    coming = next_payment(session, subscription, moment) if subscription else None
    checkout = checkout_state.open_checkout(session, client.id)
    base = client_plans.base_plan(session, client)
    return BillingPage(
        client=client,
        held=held,
        moment=moment,
        account=session.get(ProcessorAccount, link.processor_account_id) if link else None,
        link=link,
        subscription=subscription,
        customer=client_subscriptions.find_customer(session, link.processor_account_id, link.stripe_customer_id)
        if link
        else None,
        balance=customer_balance.balance_of(session, link, subscription),
        estimate=price,
        next=coming,
        planned=planned_change(session, client, subscription, moment) if subscription else None,
        unpaid=unpaid_words(session, client, held, subscription, price),
        status=plan_status.status_of(held, subscription, own, moment),
        dates=plan_status.dates_of(held),
        bars=quota_bars.quota_bars(session, held.quotas, client.id),
        method=words,
        invoices=listed[: client_invoices.PAGE],
        older_than=listed[client_invoices.PAGE - 1].id if len(listed) > client_invoices.PAGE else None,
        method_id=method.stripe_payment_method_id if method else None,
        due=own if is_spoken_of(held) else None,
        is_saved_since=due is not None and is_spoken_of(held) and due.is_saved_since,
        notes=due_invoices.notes_of(session, found, own if is_spoken_of(held) else None, subscription, moment),
        checkout=checkout,
        base_plan=base,
        has_trial_left=subscription is None and not trial_history.has_had_subscription(session, client),
        notice=notices.notice_for(
            Situation(
                held=held,
                moment=moment,
                trial_ends_at=subscription.trial_ends_at if subscription else None,
                ends_at=ends_at(subscription) if subscription else None,
                due=due,
                next_step=dunning_emails.next_step(Footing.of(held), ladder.current(session)),
                method=words.words if words else None,
                next_payment=plan_status.next_payment_words(coming, price),
                base_plan=base.name if base else None,
                has_checkout=checkout is not None and checkout.state == "open",
                pause=plan_status.pause_of(subscription),
                trial=trials.trial_ending(session, client, subscription, held.plan) if subscription else None,
            )
        ),
    )


def is_spoken_of(held: Entitlement) -> bool:
    """Whether the notice is about the open invoice of the subscription."""
    return held.failing_since is not None or held.standing == "waiting"


def subscription_of(session: Session, held: Entitlement) -> Subscription | None:
    found = estimates.subscriptions_of(session, [held])
    return next(iter(found.values()), None)


def estimate_of(session: Session, subscription: Subscription | None) -> Estimate | None:
    if subscription is None or subscription.status not in LIVE_STATUSES:
        return None
    key = (subscription.processor_account_id, subscription.stripe_subscription_id)
    return estimates.estimates(session, {key: subscription}).get(key)
