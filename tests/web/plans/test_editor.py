"""SaaS > Plans, the editor: prices looked up in Stripe, what is kept when something is wrong, who is affected."""

from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.models import Plan, PlanPrice, ProcessorAccount, QuotaChange
from tests.support.catalog.catalog import Catalog, catalog, connect
from tests.support.catalog.plans import add_subscription, evaluate_everybody, resource_id
from tests.support.pages import Visitor, markup_of, text_of
from tests.support.stripe.portals import new_account, with_sandbox, work
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PAGE = "/saas/plans"


@pytest.fixture
def stripe_account(sandbox: Sandbox) -> SandboxAccount:
    return new_account(sandbox)


@pytest.fixture
def shop(sandbox: Sandbox, stripe_account: SandboxAccount) -> Catalog:
    return catalog(sandbox, stripe_account)


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def account_id(app: Flask, signed_in: Visitor, stripe_account: SandboxAccount) -> int:
    return connect(app, signed_in, stripe_account.test_key)


def typed(*prices: tuple[str, str], **fields: str) -> dict[str, Any]:
    """A filled-in form; prices are pairs of text and use."""
    rows = {"text": [text for text, _ in prices], "use": [use for _, use in prices]}
    return {"name": "Growth", "trial_days": "0", "revision": "0", **rows, **fields}


def stored(session: Session) -> Sequence[Plan]:
    session.rollback()
    session.expire_all()
    return session.scalars(select(Plan).order_by(Plan.position)).all()


def links(session: Session) -> list[tuple[str, str, int | None]]:
    session.rollback()
    rows = session.scalars(select(PlanPrice).order_by(PlanPrice.position))
    return [(row.stripe_price_id, row.role, row.resource_id) for row in rows]


def test_a_new_plan_is_a_draft_with_everything_that_was_typed(signed_in: Visitor, session: Session) -> None:
    contacts, channels = resource_id(session, "contacts"), resource_id(session, "channels")
    answer = signed_in.submit(
        PAGE,
        typed(
            description="For teams",
            features="Inbox\n\n  Reports ",
            note="ours",
            trial_days="14",
            trial_end="pause",
            **{f"quota_{contacts}": "5,000", f"reaction_{contacts}": "warn", f"quota_{channels}": "0"},
        ),
    )

    assert (answer.status_code, answer.location) == (303, PAGE)
    plan = stored(session)[0]
    assert (plan.name, plan.state, plan.description, plan.note) == ("Growth", "draft", "For teams", "ours")
    assert (plan.features, plan.trial_days, plan.trial_needs_card) == (["Inbox", "Reports"], 14, False)
    assert plan.trial_end == "pause"
    quotas = {row.resource_id: (row.quota, row.reaction) for row in plan.quotas}
    assert quotas[contacts] == (5000, "warn")
    assert quotas[channels] == (0, "block")
    assert [quota for quota, _ in quotas.values()].count(None) == 2
    assert "Growth is saved." in text_of(signed_in.get(PAGE))


def test_prices_are_linked_by_id_and_by_lookup_key(
    signed_in: Visitor, session: Session, shop: Catalog, account_id: int
) -> None:
    month = shop.price()
    year = shop.price(recurring={"interval": "year"}, unit_amount=29000, lookup_key="growth_yearly")
    use = shop.metered(shop.meter())
    contacts = resource_id(session, "contacts")

    answer = signed_in.swap(PAGE, typed((month, "flat"), ("growth_yearly", "flat"), (use, f"usage:{contacts}")))

    assert answer.headers["HX-Redirect"] == PAGE
    assert links(session) == [(month, "flat", None), (year, "flat", None), (use, "usage", contacts)]
    listed = text_of(signed_in.get(PAGE))
    assert "US$29.00 a month + use of contacts" in listed
    edit = signed_in.get(f"{PAGE}/{stored(session)[0].id}/edit")
    assert f'value="{month}"' in edit.text
    assert "US$290.00" in text_of(edit)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("price_nobody", "has no price with this ID in test mode"),
        ("prod_abc", "Price ID"),
        ("no_such_key", "no_such_key"),
    ],
)
def test_a_price_that_cannot_be_linked_is_refused_at_its_row_and_kept(
    signed_in: Visitor, session: Session, shop: Catalog, account_id: int, wrong: str, words: str
) -> None:
    answer = signed_in.swap(PAGE, typed((shop.price(), "flat"), (wrong, "flat"), description="Kept"))

    assert answer.status_code == 422
    assert f'id="price-1" name="text" value="{wrong}"' in markup_of(answer)
    assert "is-invalid" in answer.text
    assert words in text_of(answer)
    assert 'value="Kept"' in answer.text
    assert stored(session) == []


def test_prices_that_do_not_go_together_are_refused(
    signed_in: Visitor, session: Session, shop: Catalog, account_id: int
) -> None:
    month, other, euro = shop.price(), shop.price(), shop.price(currency="eur", recurring={"interval": "year"})
    use = shop.metered(shop.meter())
    contacts = resource_id(session, "contacts")
    for rows, words in [
        ([(month, "flat"), (other, "flat")], "There is a price a month for this already"),
        ([(month, "flat"), (month, f"quantity:{contacts}")], "linked to the plan already"),
        ([(month, "flat"), (euro, "flat")], "EUR"),
        ([(use, "flat")], "This price is usage-based."),
        ([(month, f"usage:{contacts}")], "cannot bill use"),
    ]:
        answer = signed_in.swap(PAGE, typed(*rows))
        assert answer.status_code == 422, rows
        assert words in text_of(answer)
    assert stored(session) == []


def test_one_row_more_and_one_less_keep_what_was_typed(
    signed_in: Visitor, session: Session, shop: Catalog, account_id: int
) -> None:
    shop.price(lookup_key="growth_monthly")
    form = typed(("growth_monthly", "flat"), ("growth_yea", "flat"), name="Half a na")
    signed_in.get("/saas/prices/resolve?text=growth_monthly")

    more = signed_in.swap(PAGE, {**form, "add_price": "1"})
    less = signed_in.submit(PAGE, {**form, "remove_price": "0"})

    assert (more.status_code, less.status_code) == (200, 200)
    assert more.text.count('name="text"') == 3
    assert "US$29.00 a month" in text_of(more)
    assert 'value="Half a na"' in more.text
    assert 'id="price-0" name="text" value="growth_yea"' in markup_of(less)
    assert stored(session) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " "}, "Give the plan a name"),
        ({"trial_days": "731"}, "A trial takes 0 to 730 days."),
        ({"trial_days": "a week"}, "Write a whole number, 0 or more."),
        ({"features": "x" * 81}, "at most 80"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    signed_in: Visitor, session: Session, fields: dict[str, str], words: str
) -> None:
    answer = signed_in.swap(PAGE, typed(**fields))

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert stored(session) == []


@pytest.mark.parametrize("quota", ["-1", "many", "1.5", "9" * 40])
def test_a_quota_is_a_whole_number(signed_in: Visitor, session: Session, quota: str) -> None:
    name = f"quota_{resource_id(session, 'contacts')}"
    answer = signed_in.swap(PAGE, typed(**{name: quota}))

    assert answer.status_code == 422
    assert f'id="{name}-help"' in answer.text
    assert f'value="{quota}"' in answer.text


def test_two_plans_do_not_share_a_name(signed_in: Visitor, session: Session) -> None:
    signed_in.submit(PAGE, typed())
    answer = signed_in.submit(PAGE, typed(name="growth"))

    assert answer.status_code == 422
    assert "There is a plan called growth already." in text_of(answer)


def test_the_slower_of_two_editors_is_told(signed_in: Visitor, session: Session) -> None:
    signed_in.submit(PAGE, typed())
    address = f"{PAGE}/{stored(session)[0].id}"

    first = signed_in.submit(address, typed(revision="1", name="First"))
    second = signed_in.submit(address, typed(revision="1", name="Second"))

    assert first.status_code == 303
    assert second.status_code == 422
    assert "Somebody changed this plan since you opened it." in text_of(second)
    assert 'value="Second"' in second.text
    assert stored(session)[0].name == "First"


def test_an_archived_price_is_named_with_its_repair_and_does_not_block_the_rest(
    app: Flask, signed_in: Visitor, session: Session, sandbox: Sandbox, shop: Catalog, account_id: int
) -> None:
    month = shop.price()
    signed_in.swap(PAGE, typed((month, "flat")))
    address = f"{PAGE}/{stored(session)[0].id}"
    signed_in.swap(f"{address}/activation")
    shop.client.v1.prices.update(month, params={"active": False})
    signed_in.submit("/saas/payment-processor/catch-ups")
    work(app)

    words = text_of(signed_in.get(f"{address}/edit"))
    saved = signed_in.submit(address, typed((month, "flat"), revision="1", note="still editable"))

    assert "Not sold until this is repaired." in words
    assert "Unarchive it in Stripe" in words
    assert saved.status_code == 303
    assert stored(session)[0].note == "still editable"
    assert links(session) == [(month, "flat", None)]


def test_prices_of_the_other_mode_stay_when_one_mode_is_saved(
    app: Flask,
    signed_in: Visitor,
    session: Session,
    sandbox: Sandbox,
    stripe_account: SandboxAccount,
    shop: Catalog,
    account_id: int,
) -> None:
    test_price, live_price = shop.price(), catalog(sandbox, stripe_account, "live").price()
    signed_in.swap(PAGE, typed((test_price, "flat")))
    address = f"{PAGE}/{stored(session)[0].id}"
    connect(app, signed_in, stripe_account.live_key)

    assert test_price not in signed_in.get(f"{address}/edit").text
    signed_in.submit(address, typed((live_price, "flat"), revision="1"))

    assert {price for price, _, _ in links(session)} == {test_price, live_price}


def test_new_quotas_of_a_plan_in_use_ask_who_is_affected(
    app: Flask, signed_in: Visitor, session: Session, shop: Catalog, account_id: int
) -> None:
    month = shop.price()
    name = f"quota_{resource_id(session, 'contacts')}"
    signed_in.swap(PAGE, typed((month, "flat"), **{name: "1000"}))
    address = f"{PAGE}/{stored(session)[0].id}"
    with transaction() as writing:
        account = writing.get_one(Plan, 1).prices[0].processor_account_id

        add_subscription(writing, writing.get_one(ProcessorAccount, account), "cus_1", month)
    evaluate_everybody()

    asked = signed_in.swap(address, typed((month, "flat"), revision="1", **{name: "500"}))
    assert asked.status_code == 422
    assert "Who is affected? 1 client has this plan." in text_of(asked)
    assert stored(session)[0].quotas[0].quota == 1000

    saved = signed_in.swap(address, typed((month, "flat"), revision="1", applies_to="renewals", **{name: "500"}))
    assert saved.headers["HX-Redirect"] == PAGE
    session.rollback()
    assert session.scalars(select(QuotaChange.applies_to)).all() == ["renewals"]


@pytest.mark.parametrize(
    ("key", "name"), [("free", "Free"), ("flat", "Growth"), ("by_number", "Scale"), ("unknown", "")]
)
def test_a_template_fills_in_the_form_and_saves_nothing(
    signed_in: Visitor, session: Session, account_id: int, key: str, name: str
) -> None:
    answer = signed_in.get(f"{PAGE}/new?template={key}")

    assert f'name="name" required type="text" value="{name}"' in answer.text
    assert stored(session) == []


def test_a_resource_that_was_deleted_meanwhile_is_told(
    signed_in: Visitor, session: Session, shop: Catalog, account_id: int
) -> None:
    for use in ("quantity:999", "quantity", "usage:"):
        answer = signed_in.swap(PAGE, typed((shop.price(), use)))

        assert answer.status_code == 422, use
        assert 'aria-invalid="true"' in answer.text
    assert stored(session) == []


def test_an_empty_plan_is_activated_after_a_question(signed_in: Visitor, session: Session) -> None:
    signed_in.submit(PAGE, typed())
    address = f"{PAGE}/{stored(session)[0].id}"

    listed = signed_in.get(PAGE)
    assert f'href="{address}/activation"' in listed.text
    assert "Sell Growth free, with no limits?" in listed.text
    refused = signed_in.submit(f"{address}/activation")
    assert (refused.status_code, "no price and no quotas" in text_of(refused)) == (422, True)

    question = signed_in.get(f"{address}/activation")
    assert "Sell Growth free, with no limits?" in text_of(question)
    signed_in.submit(f"{address}/activation", {"sells_free": "yes"})
    assert stored(session)[0].state == "active"


def test_an_active_plan_that_loses_its_price_is_not_sold_free(
    signed_in: Visitor, session: Session, shop: Catalog, account_id: int
) -> None:
    """Its price is retired and not forgotten, so nobody gets the plan for nothing."""
    month = shop.price()
    signed_in.submit(PAGE, typed((month, "flat")))
    address = f"{PAGE}/{stored(session)[0].id}"
    assert "Sell Growth free" not in signed_in.get(PAGE).text
    signed_in.submit(f"{address}/activation")

    assert signed_in.submit(address, typed(revision="1")).status_code == 303
    session.rollback()
    assert [link.retired_at is not None for link in stored(session)[0].links] == [True]
    assert "Choose Growth" not in text_of(signed_in.get("/portal/pricing"))
