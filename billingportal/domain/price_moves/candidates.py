"""Who pays a retired price, and who of them cannot be moved now."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes.planning import refuse_unchangeable, refuse_while_paying
from billingportal.domain.plan_changes.present_plan import PresentPlan, present_plan
from billingportal.domain.plans.price_links import use_of
from billingportal.domain.prices.terms import terms_of
from billingportal.domain.subscriptions import change_state
from billingportal.domain.subscriptions.retired_links import subscriptions_by
from billingportal.errors import Conflict, Refusal
from billingportal.models import Client, Plan, PlanPrice, Price, PriceMove, Subscription

OTHER_SUBSCRIPTION = "It pays the price by a second subscription."
NOT_PAID = "It does not pay this price any more."
PAUSED = "Its payments are paused in Stripe."
TRIAL = "It is on trial."
OTHER_PERIODS = "Its items renew on different days."


@dataclass(frozen=True)
class Payer:
    """A client that pays by a retired link."""

    client_id: int
    stripe_subscription_id: str


def payers(session: Session, plan: Plan, link: PlanPrice) -> list[Payer]:
    """The clients that pay by the plan's retired links with this use, the oldest subscription first, each once."""
    found: dict[int, Payer] = {}
    for subscription, client_id in subscriptions_by(session, same_use(plan, link)):
        if client_id is not None:
            found.setdefault(client_id, Payer(client_id, subscription.stripe_subscription_id))
    return list(found.values())


def same_use(plan: Plan, link: PlanPrice) -> list[PlanPrice]:
    """The plan's retired links to the same price for the same use, newest first."""
    found = [
        one
        for one in plan.links
        if one.processor_account_id == link.processor_account_id
        and one.retired_at is not None
        and use_of(one) == use_of(link)
    ]
    return sorted(found, key=lambda one: -one.id)


def successor(session: Session, plan: Plan, link: PlanPrice) -> PlanPrice | None:
    """The link that the plan sells now in place of a retired one: the same role and resource, paid as often. None where
    there is none, and for prices of usage, whose amounts cannot be told ahead."""
    if link.role == "usage":
        return None
    old = price_of(session, link)
    if old is None:
        return None
    for one in plan.prices:
        is_alike = (one.processor_account_id, one.role, one.resource_id) == (
            link.processor_account_id,
            link.role,
            link.resource_id,
        )
        new = price_of(session, one) if is_alike else None
        if new is not None and (new.interval, new.interval_count) == (old.interval, old.interval_count):
            return one
    return None


def price_of(session: Session, link: PlanPrice) -> Price | None:
    """The stored price of a link."""
    return session.scalar(
        select(Price).where(
            Price.processor_account_id == link.processor_account_id, Price.stripe_price_id == link.stripe_price_id
        )
    )


def movable_plan(
    session: Session, move: PriceMove, client: Client, stripe_subscription_id: str
) -> tuple[PresentPlan, Selection]:
    """The client's present plan and what it has of it, if it can be moved now.

    Raises Refusal with the reason where it cannot, and Conflict while another change is being made.
    """
    if client.archived_at is not None:
        raise Refusal("", "It is archived.")
    present = present_plan(session, client)
    if present is None or present.stripe_subscription_id != stripe_subscription_id:
        raise Refusal("", OTHER_SUBSCRIPTION)
    running = change_state.open_change(session, client.id)
    if running is not None and running.state == "intended":
        raise Conflict("Another change is being made right now.")
    if running is not None and running.state == "waiting":
        raise Refusal("", "A change waits for its payment.")
    if present.planned is not None:
        raise Refusal("", f"A change is planned already: {present.planned.words}.")
    if running is not None or present.stripe_schedule_id is not None:
        raise Refusal("", "A change is planned already.")
    refuse_unmovable(session, client, present)
    refuse_other_prices(session, move, present)
    if present.selection is None:
        raise Refusal("", NOT_PAID)
    return present, present.selection


def refuse_unmovable(session: Session, client: Client, present: PresentPlan) -> None:
    """Raises Refusal while the subscription is ending, unpaid, paused or on trial, or has several periods."""
    refuse_unchangeable(present)
    refuse_while_paying(session, client)
    if present.is_on_trial:
        raise Refusal("", TRIAL)
    is_paused = session.scalar(
        select(Subscription.is_collection_paused).where(
            Subscription.processor_account_id == present.account_id,
            Subscription.stripe_subscription_id == present.stripe_subscription_id,
        )
    )
    if is_paused:
        raise Refusal("", PAUSED)
    if not present.has_one_period:
        raise Refusal("", OTHER_PERIODS)


def refuse_other_prices(session: Session, move: PriceMove, present: PresentPlan) -> None:
    """Raises Refusal when the client does not pay the old price any more, or cannot pay the new one."""
    prices: Sequence[str] = [item.stripe_price_id for item in present.items]
    if move.to_link.stripe_price_id in prices:
        raise Refusal("", "It pays the new price already.")
    if move.from_link.stripe_price_id not in prices:
        raise Refusal("", NOT_PAID)
    price = price_of(session, move.to_link)
    if price is None or move.to_link.retired_at is not None:
        raise Refusal("", "The new price is not sold any more.")
    try:
        terms_of(price, present.currency)
    except LookupError:
        raise Refusal("", f"The new price has no amount in {present.currency.upper()}.") from None
