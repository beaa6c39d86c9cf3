"""What of a plan is for sale, and the words why not. Nothing else is sold silently."""

from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.offers.offers import Offer, offer, offers
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.models import Meter, Plan, Price, Product
from billingportal.models.auth.staff import Staff
from billingportal.models.connection.processor_account import Mode
from billingportal.models.plans.plan_quota import Reaction
from billingportal.plain_json import Json
from tests.support.catalog.plans import add_account, add_metered, add_price, new_plan, resource_id

EUROS = {"eur": {"unit_amount_decimal": "2700"}}


@pytest.fixture
def account_id(session: Session) -> int:
    """An account with a monthly and a yearly price, one for contacts by number and two for their use."""
    with transaction() as writing:
        account = add_account(writing)
        add_price(writing, account, "price_month", currency_options=EUROS)
        add_price(writing, account, "price_year", interval="year", unit_amount_decimal=Decimal(29000))
        add_price(writing, account, "price_contacts", unit_amount_decimal=Decimal(1))
        add_metered(writing, account, "price_use_day", interval="day")
        add_metered(writing, account, "price_use")
        return account.id


def offered(session: Session, plan_id: int, mode: Mode = "test") -> Offer:
    session.rollback()
    session.expire_all()
    return offer(session, session.get_one(Plan, plan_id), mode)


def test_monthly_and_yearly_stand_side_by_side(session: Session, owner: Staff, account_id: int) -> None:
    links = [Link("price_year", "flat"), Link("price_month", "flat")]
    found = offered(session, new_plan(owner.id, account_id=account_id, links=links, is_active=True))

    assert found.is_for_sale
    assert [choice.period_words for choice in found.choices] == ["a month", "a year"]
    assert [choice.currencies for choice in found.choices] == [("usd", "eur"), ("usd",)]
    month = found.choice(("month", 1))
    assert month is not None
    assert month.flat is not None
    assert month.flat.price.stripe_price_id == "price_month"


def test_use_is_billed_with_every_choice_at_the_period_that_fits_best(
    session: Session, owner: Staff, account_id: int
) -> None:
    contacts = resource_id(session, "contacts")
    links = [
        Link("price_month", "flat"),
        Link("price_year", "flat"),
        Link("price_contacts", "quantity", resource_id(session, "channels")),
        Link("price_use_day", "usage", contacts),
        Link("price_use", "usage", contacts),
    ]
    found = offered(session, new_plan(owner.id, account_id=account_id, links=links, is_active=True))

    named = [[one.price.stripe_price_id for one in choice.prices] for choice in found.choices]
    assert named == [["price_month", "price_contacts", "price_use"], ["price_year", "price_use"]]


def test_use_alone_can_be_a_plan(session: Session, owner: Staff, account_id: int) -> None:
    links = [Link("price_use", "usage", resource_id(session, "contacts"))]
    found = offered(session, new_plan(owner.id, account_id=account_id, links=links, is_active=True))

    assert found.is_for_sale
    assert [len(choice.usages) for choice in found.choices] == [1]


def test_a_free_plan_needs_no_price_and_no_stripe(session: Session, owner: Staff) -> None:
    plan_id = new_plan(owner.id, "Free", is_active=True)

    for mode in ("test", "live"):
        found = offered(session, plan_id, mode)
        assert (found.is_for_sale, found.is_free, found.choices) == (True, True, ())


def test_a_plan_on_request_is_no_free_plan(session: Session, owner: Staff) -> None:
    found = offered(session, new_plan(owner.id, "Enterprise", is_on_request=True, is_active=True))

    assert (found.is_for_sale, found.is_free) == (True, False)


def test_a_draft_and_an_archived_plan_say_so(session: Session, owner: Staff) -> None:
    plan_id = new_plan(owner.id)
    assert offered(session, plan_id).reasons == ("The plan is a draft. Activate it to sell it.",)

    with transaction() as writing:
        plan = writing.get_one(Plan, plan_id)
        plan.is_default, plan.state = False, "archived"
    assert offered(session, plan_id).reasons == ("The plan is archived.",)


def test_a_plan_with_a_test_price_only_is_not_for_sale_in_live_mode(
    session: Session, owner: Staff, account_id: int
) -> None:
    plan_id = new_plan(owner.id, account_id=account_id, links=[Link("price_month", "flat")], is_active=True)

    assert offered(session, plan_id, "live").reasons == ("Stripe is not connected in live mode.",)
    with transaction() as writing:
        add_account(writing, "live")
    assert offered(session, plan_id, "live").reasons == ("No price is linked in live mode.",)
    assert offered(session, plan_id).is_for_sale


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        ("price", "The price price_month is archived in Stripe."),
        ("deleted", "The price price_month was deleted in Stripe."),
        ("product", "The product “Growth” is archived in Stripe."),
    ],
)
def test_a_broken_price_takes_the_plan_off_the_shelf(
    session: Session, owner: Staff, account_id: int, break_it: str, words: str
) -> None:
    plan_id = new_plan(owner.id, account_id=account_id, links=[Link("price_month", "flat")], is_active=True)
    with transaction() as writing:
        price = writing.scalars(select(Price).where(Price.stripe_price_id == "price_month")).one()
        if break_it == "price":
            price.active = False
        elif break_it == "deleted":
            price.deleted_at = price.as_of
        else:
            writing.scalars(select(Product)).one().active = False

    found = offered(session, plan_id)
    assert (found.reasons, found.warnings, found.choices) == ((words,), (), ())


def test_a_broken_yearly_price_leaves_the_monthly_one_with_a_warning(
    session: Session, owner: Staff, account_id: int
) -> None:
    links = [Link("price_month", "flat"), Link("price_year", "flat")]
    plan_id = new_plan(owner.id, account_id=account_id, links=links, is_active=True)
    with transaction() as writing:
        writing.scalars(select(Price).where(Price.stripe_price_id == "price_year")).one().active = False

    found = offered(session, plan_id)
    assert found.is_for_sale
    assert [choice.period for choice in found.choices] == [("month", 1)]
    assert found.warnings == ("The price price_year is archived in Stripe.",)


def test_a_broken_flat_price_never_leaves_use_alone_for_sale(session: Session, owner: Staff, account_id: int) -> None:
    links = [Link("price_month", "flat"), Link("price_use", "usage", resource_id(session, "contacts"))]
    plan_id = new_plan(owner.id, account_id=account_id, links=links, is_active=True)
    with transaction() as writing:
        writing.scalars(select(Price).where(Price.stripe_price_id == "price_month")).one().active = False

    found = offered(session, plan_id)
    assert (found.is_for_sale, found.choices) == (False, ())


def test_a_broken_usage_price_stops_the_whole_plan(session: Session, owner: Staff, account_id: int) -> None:
    links = [Link("price_month", "flat"), Link("price_use", "usage", resource_id(session, "contacts"))]
    plan_id = new_plan(owner.id, account_id=account_id, links=links, is_active=True)
    with transaction() as writing:
        writing.scalars(select(Meter)).one().status = "inactive"

    assert offered(session, plan_id).reasons == ("The meter “Contacts” is inactive in Stripe.",)


def test_a_quota_to_be_billed_needs_a_price_that_bills_it(session: Session, owner: Staff, account_id: int) -> None:
    quotas = {resource_id(session, "contacts"): Limit(5000, "bill")}
    links = [Link("price_month", "flat")]
    plan_id = new_plan(owner.id, account_id=account_id, links=links, is_active=True, quotas=quotas)

    assert offered(session, plan_id).reasons == (
        "Using more contacts is to be billed, but no usage price is linked for them in test mode.",
    )


def test_many_plans_are_looked_at_together(session: Session, owner: Staff, account_id: int) -> None:
    first = new_plan(owner.id, "One", account_id=account_id, links=[Link("price_month", "flat")], is_active=True)
    second = new_plan(owner.id, "Two", account_id=account_id, links=[Link("price_year", "flat")], is_active=True)
    session.rollback()

    found = offers(session, [session.get_one(Plan, first), session.get_one(Plan, second)], "test")

    assert [one.choices[0].period for one in found] == [("month", 1), ("year", 1)]


@pytest.mark.parametrize(
    ("first_tier", "quota", "reaction", "is_told"),
    [("0", 2000, "bill", False), ("2", 2000, "bill", True), ("2", 0, "bill", False), ("2", 2000, "block", False)],
)
def test_units_that_are_included_and_charged_are_told(
    session: Session, owner: Staff, account_id: int, first_tier: str, quota: int, reaction: Reaction, is_told: bool
) -> None:
    tiers: list[Json] = [
        {"up_to": 2000, "unit_amount_decimal": first_tier},
        {"up_to": None, "unit_amount_decimal": "1"},
    ]
    with transaction() as writing:
        price = writing.scalars(select(Price).where(Price.stripe_price_id == "price_use")).one()
        price.billing_scheme, price.tiers_mode, price.tiers, price.unit_amount_decimal = (
            "tiered",
            "graduated",
            tiers,
            None,
        )
    contacts = resource_id(session, "contacts")
    links = [Link("price_month", "flat"), Link("price_use", "usage", contacts)]
    quotas = {contacts: Limit(quota, reaction)}

    found = offered(session, new_plan(owner.id, account_id=account_id, links=links, is_active=True, quotas=quotas))

    assert found.is_for_sale
    told = "2,000 contacts are included, but the price charges them: US$40.00 for 2,000."
    assert [words.startswith(told) for words in found.surprises] == ([True] if is_told else [])
