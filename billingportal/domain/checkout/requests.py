"""Builds the request for a new Stripe Checkout session."""

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.domain.checkout import settings as checkout_settings
from billingportal.domain.checkout.trial_history import has_had_subscription
from billingportal.domain.clients.stripe_customers import LABEL
from billingportal.domain.offers import selection as offer_selection
from billingportal.domain.offers.selection import Selection
from billingportal.errors import Refusal
from billingportal.models import Client, Plan, ProcessorAccount
from billingportal.stripe_gateway.requests.checkouts import CheckoutItem, MissingCard, NewCheckout

# Stripe allows 24 hours by its own clock, which may be behind ours.
OPEN_FOR = timedelta(hours=23, minutes=30)
# Placeholder for the checkout's token in the URLs that Stripe redirects back to.
TOKEN = "{checkout}"  # noqa: S105 a placeholder
# The return page under the portal's public address. Stripe replaces its placeholder if the braces are not escaped.
PATH = "/portal/checkout"
RETURN_PATH = f"{PATH}/{TOKEN}?session_id={{CHECKOUT_SESSION_ID}}"


@dataclass(frozen=True)
class Wanted:
    """A requested purchase, and the URLs that Stripe redirects back to."""

    account_id: int
    client_id: int
    plan_id: int
    selection: Selection
    success_url: str
    cancel_url: str
    visitor: str = ""


def request_for(session: Session, wanted: Wanted, client: Client, token: str) -> NewCheckout:
    """The request for a new session. Raises Refusal when the plan or the selection cannot be bought."""
    plan = session.get(Plan, wanted.plan_id)
    if plan is None:
        raise Refusal("plan", "This plan is not for sale. Choose another one.")
    account = session.get_one(ProcessorAccount, wanted.account_id)
    items = offer_selection.items(session, plan, wanted.selection, account.mode)
    if not items:
        raise Refusal("plan", f"{plan.name} is free: there is nothing to pay for.")
    settings = checkout_settings.current_settings(session)
    trial_days = 0 if has_had_subscription(session, client) else plan.trial_days
    return NewCheckout(
        currency=wanted.selection.currency,
        items=tuple(CheckoutItem(item.stripe_price_id, item.quantity) for item in items),
        labels={LABEL: str(client.id)},
        reference=str(client.id),
        trial_days=trial_days,
        needs_card=plan.trial_needs_card or not trial_days,
        missing_card=missing_card(plan),
        allows_promotion_codes=settings.allows_promotion_codes,
        computes_tax=settings.computes_tax,
        collects_tax_id=settings.collects_tax_id,
        address_collection=settings.address_collection,
        success_url=wanted.success_url.replace(TOKEN, token),
        cancel_url=wanted.cancel_url.replace(TOKEN, token),
        expires_at=int((clock.now() + OPEN_FOR).timestamp()),
    )


def missing_card(plan: Plan) -> MissingCard:
    """What Stripe does at the end of a trial of the plan without a payment method."""
    return "pause" if plan.trial_end == "pause" else "cancel"


def is_same(one: NewCheckout, other: NewCheckout) -> bool:
    """Whether two requests are equal apart from their return URLs and their expiry."""
    return replace(one, success_url="", cancel_url="", expires_at=0) == replace(
        other, success_url="", cancel_url="", expires_at=0
    )
