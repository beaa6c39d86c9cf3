"""The stage of a purchase, from stored rows, for the page that Stripe redirects back to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.subscriptions.checkout_state import session_of
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.models import Checkout, Invoice, Subscription

# `open`: not paid yet. `waiting`: the subscription is not stored yet. `bank`: the bank is still processing the payment.
StageName = Literal["open", "waiting", "bank", "trial", "active", "declined", "ended", "expired", "failed"]


@dataclass(frozen=True)
class Stage:
    """`trial_ends_at` for a trial; `pay_url` is Stripe's page on which an unpaid invoice can be paid."""

    name: StageName
    trial_ends_at: datetime | None = None
    pay_url: str | None = None

    @property
    def is_moving(self) -> bool:
        """Whether the page should refresh by itself."""
        return self.name in ("open", "waiting", "bank")

    @property
    def is_bought(self) -> bool:
        return self.name in ("waiting", "bank", "trial", "active")


def checkout_stage(session: Session, checkout: Checkout) -> Stage:
    if checkout.state == "expired":
        return Stage("expired")
    if checkout.state == "failed":
        return Stage("failed")
    if checkout.state != "complete":
        return Stage("open")
    subscription = session.scalar(
        select(Subscription).where(
            Subscription.processor_account_id == checkout.processor_account_id,
            Subscription.stripe_subscription_id == checkout.stripe_subscription_id,
        )
    )
    return Stage("waiting") if subscription is None else stage_of(session, checkout, subscription)


def stage_of(session: Session, checkout: Checkout, subscription: Subscription) -> Stage:
    """The stage by the subscription and its latest invoice. Nothing counts as paid before Stripe says that it is."""
    if subscription.status not in (*LIVE_STATUSES, "incomplete"):
        return Stage("ended")
    if subscription.status == "trialing":
        return Stage("trial", trial_ends_at=subscription.trial_ends_at)
    invoice = session.scalar(
        select(Invoice).where(
            Invoice.processor_account_id == subscription.processor_account_id,
            Invoice.stripe_invoice_id == subscription.latest_stripe_invoice_id,
        )
    )
    if subscription.status == "active" and subscription.latest_stripe_invoice_id is None:
        return Stage("active")
    if invoice is None:
        return Stage("waiting")
    if subscription.status == "active" and invoice.status == "paid":
        return Stage("active")
    told = session_of(session, checkout)
    if subscription.status == "active" and told is not None and told.payment_status == "unpaid":
        return Stage("bank")
    return Stage("declined", pay_url=invoice.hosted_invoice_url)
