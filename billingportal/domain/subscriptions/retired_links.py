"""Prices that a plan no longer sells: who still pays them, and their removal from the page once nobody does."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, String, cast, func, select
from sqlalchemy.orm import Session, selectinload

from billingportal.domain.common import audit
from billingportal.domain.common.locks import PLANS, take_turns
from billingportal.domain.plans.bought_links import Bought, bought_links, links_to, priced_at, purchases_of
from billingportal.domain.plans.price_links import Use, use_of
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.errors import Conflict
from billingportal.models import (
    ClientCustomer,
    Entitlement,
    Plan,
    PlanPrice,
    Subscription,
    SubscriptionItem,
    SubscriptionSchedule,
)

PAID_AGAIN = "A client pays this price, so it stays here until the client is moved."
RUNNING_SCHEDULES = ("not_started", "active")


@dataclass(frozen=True)
class Payers:
    """How many clients pay by a link, how many customers at Stripe that are no clients here, and how many
    subscriptions a schedule at Stripe moves to the price."""

    clients: int
    customers: int
    scheduled: int

    @property
    def are_there(self) -> bool:
        return bool(self.clients or self.customers or self.scheduled)


@dataclass(frozen=True)
class RetiredPrice:
    """A price that the plan sold for one use. `links`: newest first, as it may have been sold more than once."""

    links: Sequence[PlanPrice]
    payers: Payers

    @property
    def link(self) -> PlanPrice:
        return self.links[0]


def retired_prices(session: Session, plan: Plan, account_id: int) -> list[RetiredPrice]:
    """The plan's retired prices at an account, newest first, without those that are sold again, and without the
    removed ones that nobody pays."""
    for_sale = {use_of(link) for link in plan.prices if link.processor_account_id == account_id}
    by_use: dict[Use, list[PlanPrice]] = {}
    for link in sorted(plan.links, key=lambda one: -one.id):
        if link.processor_account_id == account_id and use_of(link) not in for_sale:
            by_use.setdefault(use_of(link), []).append(link)
    found = [RetiredPrice(links, payers_of(session, links)) for links in by_use.values()]
    return [one for one in found if one.payers.are_there or not one.link.is_hidden]


def payers_of(session: Session, links: Sequence[PlanPrice]) -> Payers:
    """Who pays by these links, which are to one price."""
    of_price = links_to(session, links[0].processor_account_id, [links[0].stripe_price_id])
    if len(of_price) == len(links):
        clients, customers = count_payers(session, links[0])
    else:
        owners = [client_id for _, client_id in subscriptions_by(session, links)]
        clients, customers = len({one for one in owners if one is not None}), owners.count(None)
    return Payers(clients, customers, count_scheduled(session, links[0]))


def count_payers(session: Session, link: PlanPrice) -> tuple[int, int]:
    """The clients, and the customers without a client, that pay the price."""
    counted = (
        running_with(link)
        .order_by(None)
        .with_only_columns(
            func.count(ClientCustomer.client_id.distinct()),
            func.count(Subscription.stripe_customer_id.distinct()),
            func.count(ClientCustomer.stripe_customer_id.distinct()),
        )
    )
    clients, all_customers, known_customers = session.execute(counted).one()
    return clients, all_customers - known_customers


def subscriptions_by(session: Session, links: Sequence[PlanPrice]) -> list[tuple[Subscription, int | None]]:
    """The running subscriptions that were sold the price by one of these links, each with its client's id, if any."""
    rows = session.execute(running_with(links[0]).options(selectinload(Subscription.items)))
    wanted = {link.id for link in links}
    return [(row, client_id) for row, client_id in rows if link_id_of(session, row, client_id, links[0]) in wanted]


def running_with(link: PlanPrice) -> Select[Subscription, int | None]:
    """Select the running subscriptions that have the link's price, with their clients."""
    return (
        select(Subscription, ClientCustomer.client_id)
        .join(SubscriptionItem, SubscriptionItem.subscription_id == Subscription.id)
        .outerjoin(
            ClientCustomer,
            (ClientCustomer.processor_account_id == Subscription.processor_account_id)
            & (ClientCustomer.stripe_customer_id == Subscription.stripe_customer_id),
        )
        .where(
            Subscription.processor_account_id == link.processor_account_id,
            SubscriptionItem.stripe_price_id == link.stripe_price_id,
            Subscription.status.in_(LIVE_STATUSES),
            Subscription.deleted_at.is_(None),
        )
        .order_by(Subscription.id)
    )


def link_id_of(session: Session, row: Subscription, client_id: int | None, link: PlanPrice) -> int:
    """The id of the link by which the subscription was sold the link's price."""
    prices = [item.stripe_price_id for item in row.items]
    links = links_to(session, row.processor_account_id, prices)
    bought = Bought(priced_at(row, prices))
    if client_id is not None:
        held = session.scalar(select(Entitlement.plan_id).where(Entitlement.client_id == client_id))
        bought = Bought(bought.priced_at, purchases_of(session, client_id, row.stripe_subscription_id), held)
    return bought_links(links, bought).by_price[link.stripe_price_id].id


def count_scheduled(session: Session, link: PlanPrice) -> int:
    """The subscriptions without the price that a schedule at Stripe moves to it."""
    having = running_with(link).with_only_columns(Subscription.stripe_subscription_id).order_by(None)
    return (
        session.scalar(
            select(func.count(SubscriptionSchedule.id)).where(
                SubscriptionSchedule.processor_account_id == link.processor_account_id,
                SubscriptionSchedule.status.in_(RUNNING_SCHEDULES),
                SubscriptionSchedule.deleted_at.is_(None),
                cast(SubscriptionSchedule.phases, String).contains(f'"{link.stripe_price_id}"', autoescape=True),
                SubscriptionSchedule.stripe_subscription_id.not_in(having),
            )
        )
        or 0
    )


def remove_link(session: Session, plan_price_id: int, *, staff_id: int) -> Plan:
    """Show a retired link no longer. What was bought by it stays known. Raises Conflict while somebody pays by it."""
    take_turns(session, PLANS)
    link = session.get(PlanPrice, plan_price_id, populate_existing=True)
    if link is None or link.retired_at is None:
        raise Conflict("This price was removed already, or is sold again. Look at the plan as it is now.")
    plan = session.get_one(Plan, link.plan_id)
    same = [one for one in plan.links if use_of(one) == use_of(link) and one.retired_at is not None]
    if payers_of(session, same).are_there:
        raise Conflict(PAID_AGAIN)
    for one in same:
        one.is_hidden = True
    summary = f"Removed the retired price {link.stripe_price_id} from the plan {plan.name}"
    audit.record_act(session, audit.Act("plan_price.removed", summary, staff_id=staff_id, subject=("plan", plan.id)))
    return plan
