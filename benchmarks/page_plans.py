"""Plans for the pricing page: flat by the month and year, every third by number of contacts, in two currencies."""

from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.models import Plan, PlanPrice, PlanQuota, Price, ProcessorAccount, Product, Resource
from billingportal.plain_json import JsonObject

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
TIERS: list[JsonObject] = [
    {"up_to": 1000, "flat_amount_decimal": "1000"},
    {"up_to": 5000, "flat_amount_decimal": "2500"},
    {"up_to": None, "unit_amount_decimal": "0.4"},
]


def add_plans(count: int) -> None:
    with transaction() as session:
        account = ProcessorAccount(stripe_account_id="acct_1", mode="test", state="connected", name="Harbor Dental")
        session.add(account)
        session.flush()
        session.add(
            Product(
                processor_account_id=account.id,
                as_of=BEGINNING,
                stripe_product_id="prod_1",
                name="Plans",
                active=True,
                labels={},
                created_at=BEGINNING,
            )
        )
        resources = list(session.scalars(select(Resource).order_by(Resource.id)))
        session.query(Plan).delete()
        for number in range(1, count + 1):
            session.add(new_plan(session, account.id, number, resources))


def new_plan(session: Session, account_id: int, number: int, resources: list[Resource]) -> Plan:
    by_quantity = number % 3 == 0
    sold = resources[0] if by_quantity else None
    plan = Plan(
        key=f"plan_{number}",
        name=f"Plan {number}",
        description="For teams that talk to customers every day.",
        state="active",
        position=number,
        is_default=number == 1,
        is_featured=number == 2,
        features=["Broadcasts", "Priority support", "Shared inbox"],
        created_at=BEGINNING,
        updated_at=BEGINNING,
    )
    plan.quotas = [PlanQuota(resource_id=one.id, quota=number * 100) for one in resources]
    for interval, months in (("month", 1), ("year", 10)):
        price_id = f"price_{number}_{interval}"
        session.add(new_price(account_id, price_id, interval, number * 900 * months, TIERS if by_quantity else None))
        link = PlanPrice(processor_account_id=account_id, stripe_price_id=price_id, linked_at=BEGINNING)
        link.role, link.resource = ("quantity" if by_quantity else "flat"), sold
        plan.links.append(link)
    return plan


def new_price(account_id: int, price_id: str, interval: str, amount: int, tiers: list[JsonObject] | None) -> Price:
    option: JsonObject = {"tiers": [*tiers]} if tiers else {"unit_amount_decimal": str(amount)}
    return Price(
        processor_account_id=account_id,
        stripe_price_id=price_id,
        stripe_product_id="prod_1",
        active=True,
        currency="usd",
        type="recurring",
        billing_scheme="tiered" if tiers else "per_unit",
        tiers_mode="volume" if tiers else None,
        tiers=tiers and [*tiers],
        unit_amount_decimal=None if tiers else Decimal(amount),
        is_custom_amount=False,
        interval=interval,
        interval_count=1,
        usage_type="licensed",
        currency_options={"eur": option},
        labels={},
        created_at=BEGINNING,
        as_of=BEGINNING,
    )
