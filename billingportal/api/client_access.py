"""A client's suspension, and the links that lead it to its billing page and to the checkout."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from billingportal.api.clients import ClientAnswer, answer_of, plan_of_key
from billingportal.api.ids import ClientText, find_client
from billingportal.api.kernel.answers import Answer
from billingportal.api.kernel.call import Call
from billingportal.api.kernel.operation import Group, Input, Output, operation
from billingportal.api.kernel.problems import Problem, invalid
from billingportal.api.kernel.types import PlanKey, Reason, ResourceKey
from billingportal.api.refusals import as_problems
from billingportal.clock import now
from billingportal.db import db, transaction
from billingportal.domain.auth import billing_links
from billingportal.domain.checkout import checkouts
from billingportal.domain.checkout.checkouts import AlreadySubscribed
from billingportal.domain.checkout.requests import RETURN_PATH, Wanted
from billingportal.domain.clients import clients, lifecycle
from billingportal.domain.common.audit import by_api_key
from billingportal.domain.connection import processor_accounts
from billingportal.domain.offers import offers
from billingportal.domain.offers.selection import Selection
from billingportal.models import Client, Plan
from billingportal.portal import current_portal

# Hours. A link is made at the moment when it is needed.
LINK_HOURS = 1
Quantity = Annotated[int, Field(ge=1, le=10**12)]
CANCEL_PATH = "/portal/pricing"


class NewSuspension(Input):
    """Why the client is suspended. Staff see the reason."""

    reason: Reason


class BillingLinkAnswer(Output):
    """A link that opens the client's billing page. Whoever has it is the client, so show it to nobody else."""

    url: Annotated[str, Field(examples=["https://billing.example/portal/billing-link/..."])]
    expires_at: datetime


class NewCheckoutLink(Input):
    """What is to be bought. `quantities` are by resource, for plans that are sold by quantity."""

    plan: PlanKey
    interval: Literal["day", "week", "month", "year"]
    interval_count: Annotated[int, Field(ge=1, le=52)] = 1
    currency: Annotated[
        str | None, Field(pattern="^[a-z]{3}$", description="The plan's first one without it.", examples=["usd"])
    ] = None
    quantities: Annotated[
        dict[ResourceKey, Annotated[int, Field(ge=1, le=10**12)]], Field(max_length=20, default_factory=dict)
    ]


class CheckoutLinkAnswer(Output):
    """`checkout`: Stripe's page, where the client pays. `change`: the client has a subscription, so the link leads to
    the page on which it changes the plan."""

    kind: Literal["checkout", "change"]
    url: Annotated[str, Field(examples=["https://checkout.stripe.com/c/pay/..."])]
    expires_at: datetime | None


@operation(
    "POST",
    "/clients/{client}/suspension",
    scope="manage",
    summary="Suspend a client",
    answers={200: ClientAnswer},
    problems=("client_not_found", "client_archived"),
)
def create_suspension(call: Call, session: Session, client: ClientText, body: NewSuspension) -> Answer:
    """Nothing works for the client until the suspension ends; its subscription and payments go on.

    A client that is suspended already stays so, with its first reason.
    """
    found = present_client(session, call, client)
    with as_problems():
        lifecycle.suspend_client(session, found.id, body.reason, author=by_api_key(call.key.id))
    return Answer(200, answer_of(session, found))


@operation(
    "DELETE",
    "/clients/{client}/suspension",
    scope="manage",
    summary="End a suspension",
    answers={200: ClientAnswer},
    problems=("client_not_found",),
)
def destroy_suspension(call: Call, session: Session, client: ClientText) -> Answer:
    """Without a suspension this changes nothing."""
    found = find_client(session, call.mode, client)
    with as_problems():
        lifecycle.reactivate_client(session, found.id, author=by_api_key(call.key.id))
    return Answer(200, answer_of(session, found))


@operation(
    "POST",
    "/clients/{client}/billing-links",
    scope="manage",
    summary="Create a billing link",
    answers={201: BillingLinkAnswer},
    problems=("client_not_found", "client_archived"),
)
def create_billing_link(call: Call, session: Session, client: ClientText) -> Answer:
    """A signed link to the client's billing page, valid for an hour. Create it when the client asks for the page."""
    found = clients.lock_client(session, present_client(session, call, client).id)
    link = link_for(call, found)
    words = f"Made a billing link for {LINK_HOURS} hour"
    clients.record_client(session, found, "client.billing_link_made", words, by_api_key(call.key.id))
    return Answer(201, link, is_secret=True)


@operation(
    "POST",
    "/clients/{client}/checkout-links",
    scope="manage",
    summary="Create a checkout link",
    answers={201: CheckoutLinkAnswer},
    problems=("client_not_found", "client_archived"),
)
def create_checkout_link(call: Call, client: ClientText, body: NewCheckoutLink) -> Answer:
    """A link to Stripe's checkout for a plan. A client has one open checkout: asking for the same purchase again gives
    the same link, and asking for another one ends the first.
    """
    session = db.session()
    found = present_client(session, call, client)
    change, client_id = link_for(call, found), found.id
    plan = plan_of_key(session, body.plan)
    selection = selection_of(session, call, plan.id, body)
    with as_problems(CHECKOUT_FIELDS):
        account = processor_accounts.connected(session, call.mode)
        if account is None:
            raise invalid("", f"No Stripe account is connected in {call.mode} mode.")
        portal = current_portal()
        gateway = processor_accounts.gateway_of(account, portal.vault, portal.open_gateway)
        urls = (call.base_url + RETURN_PATH, call.base_url + CANCEL_PATH)
        wanted = Wanted(account.id, client_id, plan.id, selection, *urls)
        session.rollback()  # no transaction is open while Stripe is asked
        try:
            checkout = checkouts.start_checkout(transaction, gateway, wanted)
        except AlreadySubscribed:
            url = f"{change.url}?to=plan"
            return Answer(201, CheckoutLinkAnswer(kind="change", url=url, expires_at=change.expires_at), is_secret=True)
    answer = CheckoutLinkAnswer(kind="checkout", url=checkout.url or "", expires_at=checkout.expires_at)
    return Answer(201, answer, is_secret=True)


# By the domain's field.
CHECKOUT_FIELDS = {"quantity": "/quantities"}


def selection_of(session: Session, call: Call, plan_id: int, body: NewCheckoutLink) -> Selection:
    """What is to be bought. Without a currency, the first in which the plan is sold. Raises Problem."""
    period = (body.interval, body.interval_count)
    if body.currency is not None:
        return Selection(period, body.currency, body.quantities)
    choice = offers.offer(session, session.get_one(Plan, plan_id), call.mode).choice(period)
    if choice is None or not choice.currencies:
        raise invalid("/interval", "The plan is not sold with this interval. See `GET /plans`.")
    return Selection(period, choice.currencies[0], body.quantities)


def present_client(session: Session, call: Call, text: str) -> Client:
    """The client, which is not archived. Raises Problem."""
    client = find_client(session, call.mode, text)
    if client.archived_at is not None:
        raise Problem("client_archived", "The client is archived. Staff can restore it.")
    return client


def link_for(call: Call, client: Client) -> BillingLinkAnswer:
    """A new billing link of the client."""
    keys = current_portal().settings.secret_keys
    expires_at = now().replace(microsecond=0) + timedelta(hours=LINK_HOURS)
    path = billing_links.link_path(keys, client.id, client.access_generation, hours=LINK_HOURS)
    return BillingLinkAnswer(url=call.base_url + path, expires_at=expires_at)


GROUP = Group(
    "Access and links",
    "Suspend clients, and lead them to their billing page and to the checkout.",
    (create_suspension, destroy_suspension, create_billing_link, create_checkout_link),
)
