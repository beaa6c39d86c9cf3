"""What a client chose of a plan, in Stripe's prices, and back."""

import json

import pytest
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.offers import selection as offer_selection
from billingportal.domain.offers.selection import ChosenItem, Selection
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.errors import Refusal
from billingportal.models import Plan, Price, ProcessorAccount, Subscription, SubscriptionItem
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import add_account, add_metered, add_price, add_subscription, new_plan, resource_id

MONTHLY = Selection(("month", 1), "usd", {"contacts": 2500})


@pytest.fixture
def plan(session: Session, owner: Staff) -> Plan:
    """A base fee, contacts by number and messages by use, monthly; the base fee also yearly, and in euros."""
    contacts = resource_id(session, "contacts")
    with transaction() as writing:
        account = add_account(writing)
        add_price(writing, account, "base", currency_options={"eur": {"unit_amount_decimal": "2700"}})
        add_price(writing, account, "base_year", interval="year")
        add_price(writing, account, "contacts")
        add_metered(writing, account, "use")
        account_id = account.id
    members = resource_id(session, "team_members")
    links = [
        Link("base", "flat"),
        Link("base_year", "flat"),
        Link("contacts", "quantity", contacts),
        Link("use", "usage", members),
    ]
    made = new_plan(owner.id, account_id=account_id, links=links, is_active=True, quotas={members: Limit(3, "bill")})
    session.rollback()
    return session.get_one(Plan, made)


def test_a_selection_survives_being_stored() -> None:
    assert Selection.from_json(json.loads(json.dumps(MONTHLY.to_json()))) == MONTHLY


def test_the_items_are_flat_once_by_number_and_metered_without_a_number(session: Session, plan: Plan) -> None:
    contacts, members = resource_id(session, "contacts"), resource_id(session, "team_members")
    assert offer_selection.items(session, plan, MONTHLY, "test") == [
        ChosenItem("base", 1, "flat", None),
        ChosenItem("contacts", 2500, "quantity", contacts),
        ChosenItem("use", None, "usage", members),
    ]


def test_a_year_takes_the_metered_price_of_the_month_along(session: Session, plan: Plan) -> None:
    yearly = offer_selection.items(session, plan, Selection(("year", 1), "usd"), "test")
    assert [item.stripe_price_id for item in yearly] == ["base_year", "use"]


@pytest.mark.parametrize(
    ("selection", "field"),
    [
        (Selection(("week", 1), "usd", {"contacts": 1}), "interval"),
        (Selection(("month", 1), "eur", {"contacts": 1}), "currency"),
        (Selection(("month", 1), "usd"), "quantity"),
        (Selection(("month", 1), "usd", {"contacts": 0}), "quantity"),
        (Selection(("month", 1), "usd", {"contacts": 10_000_001}), "quantity"),
    ],
)
def test_what_is_not_sold_is_refused_at_its_field(
    session: Session, plan: Plan, selection: Selection, field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        offer_selection.items(session, plan, selection, "test")
    assert refused.value.field == field


def test_a_plan_off_the_shelf_is_refused(session: Session, plan: Plan) -> None:
    with pytest.raises(Refusal, match="is not for sale"):
        offer_selection.items(session, plan, MONTHLY, "live")


def test_a_free_plan_has_no_items(session: Session, owner: Staff) -> None:
    free = session.get_one(Plan, new_plan(owner.id, "Free", is_active=True))
    assert offer_selection.items(session, free, Selection(("month", 1), ""), "test") == []


def test_a_running_subscription_tells_what_was_chosen_also_after_its_price_was_archived(
    session: Session, plan: Plan
) -> None:
    account_id = plan.prices[0].processor_account_id
    with transaction() as writing:
        account = writing.get_one(ProcessorAccount, account_id)
        subscription_id = add_subscription(writing, account, "cus_1", "contacts").id
        writing.query(SubscriptionItem).one().quantity = 700
        writing.query(Price).where(Price.stripe_price_id == "contacts").one().active = False
    links = {link.stripe_price_id: link for link in plan.prices}
    found = offer_selection.selection_of(session, links, session.get_one(Subscription, subscription_id))
    assert found == Selection(("month", 1), "usd", {"contacts": 700})
