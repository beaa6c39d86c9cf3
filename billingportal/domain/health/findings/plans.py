"""Findings about plans: prices that drifted at Stripe, meters that are off, and plans that nobody can buy."""

from collections.abc import Iterable, Iterator
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.health.findings.check import Check, Result, Surroundings
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.domain.health.findings.stored import stored
from billingportal.domain.offers.offers import offers
from billingportal.domain.plans.drift import Drift, drift
from billingportal.domain.plans.plans import listed_plans
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.models import (
    Client,
    ClientMeter,
    Meter,
    Plan,
    PlanPrice,
    Price,
    ProcessorAccount,
    Subscription,
    SubscriptionItem,
)
from billingportal.models.connection.processor_account import MODES, Mode

KEYS = ("price.drift", "plan.unsellable", "meter.inactive")
# Repairs that the plan's page offers too. The others need a decision there.
AT_STRIPE = ("unarchive_price", "unarchive_product")


def check_plans(surroundings: Surroundings, mode: Mode) -> Result:
    """Raises CannotCheck while the account has not been read."""
    with surroundings.reading() as session:
        found = stored(session, mode)
        if found is None:
            return Result((), now())
        plans = listed_plans(session)
        return Result(
            (
                *drifted(session, found.account, plans),
                *inactive_meters(session, found.account),
                *unsellable(session, found.account, plans),
            ),
            found.as_of,
        )


def drifted(session: Session, account: ProcessorAccount, plans: Iterable[Plan]) -> Iterator[Found]:
    """One finding a link: the drift that weighs most. A meter that is off is a finding of its own."""
    for plan in plans:
        for row in plan.prices:
            if row.processor_account_id != account.id or row.retired_at is not None:
                continue
            found = [one for one in drift(session, row) if one.repair.kind != "reactivate_meter"]
            if found:
                yield of_drift(session, account, plan, row, found[0])


def of_drift(session: Session, account: ProcessorAccount, plan: Plan, row: PlanPrice, one: Drift) -> Found:
    paying = payers(session, account.id, row.stripe_price_id)
    stake = "Until it is repaired it is not sold." if one.stops_sale else "It is still sold."
    return Found(
        "price.drift",
        f"A price of the plan {plan.name} changed at Stripe",
        f"{one.words} {stake} Subscriptions that pay it now: {paying:,}.",
        action_of(plan, row, one),
        f"plan_price:{row.id}",
        account.mode,
    )


def action_of(plan: Plan, row: PlanPrice, one: Drift) -> Action:
    if one.repair.kind in AT_STRIPE:
        arguments = {"plan_price_id": row.id, "kind": one.repair.kind}
        return Action(one.repair.words, "repair", "plan.repair_price", dict(arguments))
    return Action("Look at the plan", "page", "plan", {"plan_id": plan.id})


def payers(session: Session, account_id: int, stripe_price_id: str) -> int:
    """How many subscriptions have the price now."""
    return (
        session.scalar(
            select(func.count(Subscription.id.distinct()))
            .join(SubscriptionItem, SubscriptionItem.subscription_id == Subscription.id)
            .where(
                Subscription.processor_account_id == account_id,
                Subscription.deleted_at.is_(None),
                Subscription.status.in_(LIVE_STATUSES),
                SubscriptionItem.stripe_price_id == stripe_price_id,
            )
        )
        or 0
    )


def inactive_meters(session: Session, account: ProcessorAccount) -> Iterator[Found]:
    """Meters that bill somebody, or that a plan sells, and that count nothing."""
    linked = (
        select(Price.stripe_meter_id)
        .join(
            PlanPrice,
            (PlanPrice.processor_account_id == Price.processor_account_id)
            & (PlanPrice.stripe_price_id == Price.stripe_price_id),
        )
        .where(Price.processor_account_id == account.id, PlanPrice.retired_at.is_(None))
    )
    billing = select(ClientMeter.stripe_meter_id).where(
        ClientMeter.processor_account_id == account.id, ClientMeter.ends_at.is_(None)
    )
    meters = session.scalars(
        select(Meter)
        .where(
            Meter.processor_account_id == account.id,
            Meter.status != "active",
            Meter.stripe_meter_id.in_(linked.union(billing)),
        )
        .order_by(Meter.id)
    )
    for meter in meters:
        number = billed_by(session, account.id, meter.stripe_meter_id)
        yield Found(
            "meter.inactive",
            f"The meter {meter.display_name} is off at Stripe",
            f"Stripe refuses all use that is sent to it, and bills none. Clients billed by it: {number:,}.",
            Action(
                "Turn it on again",
                "repair",
                "meter.reactivate",
                {"account_id": account.id, "stripe_meter_id": meter.stripe_meter_id},
            ),
            f"meter:{meter.id}",
            account.mode,
        )


def billed_by(session: Session, account_id: int, stripe_meter_id: str) -> int:
    return (
        session.scalar(
            select(func.count(ClientMeter.client_id.distinct()))
            .join(Client, Client.id == ClientMeter.client_id)
            .where(
                ClientMeter.processor_account_id == account_id,
                ClientMeter.stripe_meter_id == stripe_meter_id,
                ClientMeter.ends_at.is_(None),
            )
        )
        or 0
    )


def unsellable(session: Session, account: ProcessorAccount, plans: Iterable[Plan]) -> Iterator[Found]:
    """Active plans with prices in this mode that nobody can buy."""
    priced = [plan for plan in plans if plan.state == "active" and any(is_sold_in(row, account) for row in plan.prices)]
    for one in offers(session, priced, account.mode):
        if one.is_for_sale:
            continue
        yield Found(
            "plan.unsellable",
            f"Nobody can buy the plan {one.plan.name}",
            f"{' '.join(one.reasons)} Clients who have it keep it; nobody new can choose it.".strip(),
            Action("Look at the plan", "page", "plan", {"plan_id": one.plan.id}),
            f"plan:{one.plan.id}:{account.mode}",
            account.mode,
        )


def is_sold_in(row: PlanPrice, account: ProcessorAccount) -> bool:
    return row.processor_account_id == account.id and row.retired_at is None


CHECKS = tuple(
    Check(
        f"plans.{mode}",
        "Plans have the prices, products and meters that they sell",
        "plans",
        KEYS,
        60,
        partial(check_plans, mode=mode),
        mode,
    )
    for mode in MODES
)
