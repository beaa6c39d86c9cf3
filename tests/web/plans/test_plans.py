"""SaaS > Plans, the list: what the person sees, and what the database holds."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.models import Plan, Price
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import (
    add_account,
    add_metered,
    add_price,
    add_subscription,
    evaluate_everybody,
    new_plan,
    resource_id,
)
from tests.support.pages import Visitor, text_of

PAGE = "/saas/plans"


@pytest.fixture
def plan_ids(session: Session, owner: Staff) -> list[int]:
    """A free plan, one with a monthly price and use that two clients pay, and a draft on request."""
    with transaction() as writing:
        account = add_account(writing)
        add_price(writing, account, "price_month")
        add_metered(writing, account, "price_use")
        for customer in ("cus_1", "cus_2"):
            add_subscription(writing, account, customer, "price_month")
        account_id = account.id
    contacts = resource_id(session, "contacts")
    links = [Link("price_month", "flat"), Link("price_use", "usage", contacts)]
    ids = [
        new_plan(owner.id, "Free", is_active=True, quotas={contacts: Limit(100)}),
        new_plan(owner.id, account_id=account_id, links=links, is_active=True, quotas={contacts: Limit(None)}),
        new_plan(owner.id, "Enterprise", is_on_request=True),
    ]
    evaluate_everybody()
    session.rollback()
    return ids


def stored(session: Session) -> Sequence[Plan]:
    session.rollback()
    session.expire_all()
    return session.scalars(select(Plan).order_by(Plan.position, Plan.id)).all()


def plan(session: Session, name: str) -> Plan:
    return next(one for one in stored(session) if one.name == name)


def test_an_empty_list_offers_a_first_plan_and_templates(signed_in: Visitor) -> None:
    words = text_of(signed_in.get(PAGE))

    assert "Create your first plan" in words
    assert "Free Small quotas, no price, no card." in words
    assert "By number of contacts" in words


def test_the_public_address_is_on_top_with_its_buttons(signed_in: Visitor) -> None:
    answer = signed_in.get(PAGE)

    assert "http://localhost/portal/pricing Copy URL View pricing page" in text_of(answer)
    assert 'data-copy="http://localhost/portal/pricing"' in answer.text


def test_rows_tell_price_quotas_badges_and_clients(signed_in: Visitor, plan_ids: list[int]) -> None:
    words = text_of(signed_in.get(PAGE))

    assert "Free Default" in words
    assert "US$29.00 a month + use of contacts Unlimited contacts 2" in words
    assert "100 contacts 0" in words
    assert "Enterprise Draft On request" in words
    assert "New clients start on Free at once, without paying." in words


def test_what_is_not_for_sale_in_live_mode_says_why(signed_in: Visitor, plan_ids: list[int]) -> None:
    with signed_in.session_transaction() as browser:
        browser["mode"] = "live"

    words = text_of(signed_in.get(PAGE))

    assert "Growth Not for sale in live mode Stripe is not connected in live mode." in words
    assert "Free Not for sale" not in words


def test_an_archived_price_shows_at_its_plan(signed_in: Visitor, plan_ids: list[int]) -> None:
    with transaction() as writing:
        writing.scalars(select(Price).where(Price.stripe_price_id == "price_month")).one().active = False

    assert "Not for sale in test mode The price price_month is archived in Stripe." in text_of(signed_in.get(PAGE))


def test_a_default_with_a_price_says_what_that_means(signed_in: Visitor, session: Session, plan_ids: list[int]) -> None:
    signed_in.swap(f"{PAGE}/{plan_ids[1]}/default")
    assert "a new client pays before the first use" in text_of(signed_in.get(PAGE))

    with transaction() as writing:
        writing.get_one(Plan, plan_ids[1]).trial_days = 14
    assert "New clients start with 14 days of trial of Growth, after giving a card." in text_of(signed_in.get(PAGE))


@pytest.mark.parametrize("way", ["swap", "submit"])
@pytest.mark.parametrize(
    ("noun", "words"),
    [
        ("featured", "Growth is featured: the pricing page shows it as “Most Popular”."),
        ("default", "Growth is the default: new clients start on it."),
        ("deactivation", "Growth is a draft again."),
        ("archiving", "Growth is archived. Clients who have it keep it."),
        ("copies", "Growth (copy) is a draft. Edit it now."),
    ],
)
def test_every_action_works_with_and_without_javascript(
    signed_in: Visitor, session: Session, plan_ids: list[int], way: str, noun: str, words: str
) -> None:
    answer = getattr(signed_in, way)(f"{PAGE}/{plan_ids[1]}/{noun}")

    said = answer if way == "swap" else signed_in.get(answer.location)
    assert words in text_of(said)
    assert way == "submit" or '<div id="plan-list"' in answer.text
    found = plan(session, "Growth (copy)" if noun == "copies" else "Growth")
    assert {
        "featured": found.is_featured,
        "default": found.is_default,
        "deactivation": found.state == "draft",
        "archiving": found.state == "archived",
        "copies": found.state == "draft" and len(found.prices) == 2 and len(found.quotas) == 1,
    }[noun]


def test_a_copy_stands_below_its_original(signed_in: Visitor, session: Session, plan_ids: list[int]) -> None:
    signed_in.swap(f"{PAGE}/{plan_ids[0]}/copies")
    signed_in.swap(f"{PAGE}/{plan_ids[0]}/copies")

    assert [one.name for one in stored(session)] == ["Free", "Free (copy 2)", "Free (copy)", "Growth", "Enterprise"]


def test_moving_changes_the_order(signed_in: Visitor, session: Session, plan_ids: list[int]) -> None:
    signed_in.swap(f"{PAGE}/{plan_ids[2]}/position", {"direction": "up"})
    signed_in.swap(f"{PAGE}/{plan_ids[0]}/position", {"direction": "down"})

    assert [one.name for one in stored(session)] == ["Enterprise", "Free", "Growth"]


def test_the_default_plan_cannot_be_archived(signed_in: Visitor, session: Session, plan_ids: list[int]) -> None:
    archiving = f"{PAGE}/{plan_ids[0]}/archiving"
    assert f'href="{archiving}"' not in signed_in.get(PAGE).text

    for answer in (signed_in.swap(archiving), signed_in.submit(archiving)):
        assert answer.status_code == 422
        assert "Set another plan as default before you archive it." in text_of(answer)
    assert plan(session, "Free").state == "active"


def test_archiving_asks_first_also_without_javascript(signed_in: Visitor, plan_ids: list[int]) -> None:
    listed = signed_in.get(PAGE).text
    asked = text_of(signed_in.get(f"{PAGE}/{plan_ids[1]}/archiving"))

    assert "2 clients keep it and go on paying. You can restore it later." in listed
    assert "Archive Growth? It leaves the pricing page. 2 clients keep it and go on paying." in asked


def test_archived_plans_wait_on_a_page_of_their_own(signed_in: Visitor, session: Session, plan_ids: list[int]) -> None:
    signed_in.swap(f"{PAGE}/{plan_ids[1]}/archiving")

    assert "Growth" not in text_of(signed_in.get(PAGE)).replace("“Growth", "")
    assert "1 archived plan" in text_of(signed_in.get(PAGE))
    assert "Growth" in text_of(signed_in.get(f"{PAGE}/archived"))
    signed_in.swap(f"{PAGE}/{plan_ids[1]}/restoration")
    assert plan(session, "Growth").state == "draft"


def test_a_viewer_looks_and_does_not_touch(viewer: Visitor, plan_ids: list[int]) -> None:
    page = viewer.get(PAGE)
    assert "Growth" in text_of(page)
    assert "New plan" not in text_of(page)
    assert "Actions for" not in page.text
    for path in ("featured", "default", "archiving", "copies", "position", "activation", "deactivation"):
        assert viewer.submit(f"{PAGE}/{plan_ids[1]}/{path}").status_code == 403
    assert viewer.get(f"{PAGE}/{plan_ids[1]}/edit").status_code == 403


def test_what_is_no_plan_is_not_found(signed_in: Visitor) -> None:
    assert signed_in.swap(f"{PAGE}/99/featured").status_code == 404
    assert signed_in.get(f"{PAGE}/99/edit").status_code == 404
    assert signed_in.get(f"{PAGE}/99/archiving").status_code == 404
