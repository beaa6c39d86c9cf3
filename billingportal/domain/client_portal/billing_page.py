"""The contents of a client's billing page, read from stored rows only: the page works while Stripe does not answer."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.client_portal import notices
from billingportal.domain.client_portal.notices import Notice, Pause, Situation
from billingportal.domain.common.dates import day
from billingportal.domain.common.status_text import StatusText
from billingportal.domain.dunning import emails as dunning_emails
from billingportal.domain.dunning import ladder
from billingportal.domain.dunning.emails import Footing
from billingportal.domain.entitlements import client_plans
from billingportal.domain.entitlements.planned_changes import PlannedChange, planned_change
from billingportal.domain.entitlements.subscription_facts import ends_at
from billingportal.domain.invoices import client_invoices, customer_balance, payments_under_way
from billingportal.domain.invoices.client_invoices import InvoiceRow
from billingportal.domain.invoices.customer_balance import CustomerBalance
from billingportal.domain.invoices.payment_method_text import MethodWords, method_words, usual_method
from billingportal.domain.prices.price_text import period_words
from billingportal.domain.subscriptions import checkout_state, client_subscriptions, estimates
from billingportal.domain.subscriptions.client_clock import moment_of
from billingportal.domain.subscriptions.estimates import Estimate
from billingportal.domain.subscriptions.next_payment import NextPayment, next_payment
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.domain.subscriptions.status_text import entitlement_words
from billingportal.domain.usage import quota_bars
from billingportal.domain.usage.quota_bars import QuotaBar
from billingportal.models import (
    Checkout,
    Client,
    ClientCustomer,
    Customer,
    Entitlement,
    Invoice,
    Plan,
    ProcessorAccount,
    Subscription,
)
from billingportal.money import Money

ACTIVE = StatusText("active", "ok", "Active")
NOTHING = StatusText("no_plan", "mute", "Nothing chosen yet")
PAYMENT_NEEDED = StatusText("payment_needed", "bad", "Payment needed")


@dataclass(frozen=True)
class BillingPage:
    """`account` is or was connected; `link` is the client's customer in it. `estimate` is the price of the present
    plan, before discounts and tax; `next` is what is charged next, and `planned` the change that may come with it."""

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
    status: StatusText
    dates: str
    bars: list[QuotaBar]
    method: MethodWords | None
    invoices: list[InvoiceRow]
    older_than: int | None
    due: Invoice | None
    checkout: Checkout | None
    base_plan: Plan | None
    notice: Notice | None
    is_under_way: bool

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
    def due_amount(self) -> Money | None:
        """The remaining amount of the open invoice; None without one."""
        return Money(self.due.amount_remaining_minor, self.due.currency) if self.due else None

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
    due = client_invoices.due_invoice(session, link, subscription)
    price = estimate_of(session, subscription)
    is_under_way = due is not None and due.stripe_invoice_id in payments_under_way.invoices_under_way(session, link)
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
        customer=customer_of(session, link),
        balance=customer_balance.balance_of(session, link, subscription),
        estimate=price,
        next=coming,
        planned=planned_change(session, client, subscription, moment) if subscription else None,
        status=status_of(held, subscription, moment),
        dates=dates_of(held),
        bars=quota_bars.quota_bars(session, held.quotas, client.id),
        method=words,
        invoices=listed[: client_invoices.PAGE],
        older_than=listed[client_invoices.PAGE - 1].id if len(listed) > client_invoices.PAGE else None,
        due=due,
        checkout=checkout,
        base_plan=base,
        notice=notices.notice_for(
            Situation(
                held=held,
                moment=moment,
                trial_ends_at=subscription.trial_ends_at if subscription else None,
                ends_at=ends_at(subscription) if subscription else None,
                due=Money(due.amount_remaining_minor, due.currency) if due else None,
                next_step=dunning_emails.next_step(Footing.of(held), ladder.current(session)),
                method=words.words if words else None,
                next_payment=next_payment_words(coming, price),
                base_plan=base.name if base else None,
                has_checkout=checkout is not None and checkout.state == "open",
                pause=pause_of(subscription),
                is_under_way=is_under_way,
            )
        ),
        is_under_way=is_under_way,
    )


def subscription_of(session: Session, held: Entitlement) -> Subscription | None:
    found = estimates.subscriptions_of(session, [held])
    return next(iter(found.values()), None)


def estimate_of(session: Session, subscription: Subscription | None) -> Estimate | None:
    if subscription is None or subscription.status not in LIVE_STATUSES:
        return None
    key = (subscription.processor_account_id, subscription.stripe_subscription_id)
    return estimates.estimates(session, {key: subscription}).get(key)


def customer_of(session: Session, link: ClientCustomer | None) -> Customer | None:
    if link is None:
        return None
    return session.scalar(
        select(Customer).where(
            Customer.processor_account_id == link.processor_account_id,
            Customer.stripe_customer_id == link.stripe_customer_id,
            Customer.deleted_at.is_(None),
        )
    )


def status_of(held: Entitlement, subscription: Subscription | None, moment: datetime) -> StatusText:
    if held.failing_since is not None and held.standing != "suspended":
        return PAYMENT_NEEDED
    if held.standing in ("free", "comp"):
        return ACTIVE if held.plan_id else NOTHING
    return entitlement_words(held, subscription, moment)


def pause_of(subscription: Subscription | None) -> Pause | None:
    """The pause of the collection of its invoices, if any."""
    if subscription is None or not subscription.is_collection_paused:
        return None
    is_kept = subscription.collection_pause_behavior not in ("mark_uncollectible", "void")
    return Pause(subscription.collection_resumes_at, may_be_charged_later=is_kept)


def dates_of(held: Entitlement) -> str:
    """The next date in words, shown beside the status; empty without one."""
    if held.standing == "active" and held.renews_at is not None:
        return f"renews on {day(held.renews_at)}"
    if held.source == "comp" and held.until is not None:
        return f"until {day(held.until)}"
    return ""


def next_payment_words(coming: NextPayment | None, price: Estimate | None) -> str:
    """The amount for the notice: what is charged next; where nothing is, what going on would cost."""
    known = coming.due if coming else price.due if price else None
    return str(known) if known is not None else "your plan's price"
