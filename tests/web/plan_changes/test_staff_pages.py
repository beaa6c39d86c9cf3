"""Changing a client's plan, as staff and as the client: what the pages say, and what comes of it."""

import html
import re
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from billingportal.config import Settings
from billingportal.domain.plans.price_links import Link
from billingportal.models.auth.staff import Staff
from tests.sandbox.clocks import new_card
from tests.support.catalog.catalog import Catalog, connect
from tests.support.catalog.plans import new_plan
from tests.support.pages import Visitor, text_of
from tests.support.people.billing import link_of
from tests.support.people.clients import plan_of
from tests.support.people.plan_changes import entitlement_of
from tests.support.people.stores import Store, open_store, plan_in_stripe
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def store(app: Flask, signed_in: Visitor, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount) -> Store:
    connect(app, signed_in, stripe_account.test_key)
    return open_store(app, sandbox.client(stripe_account.test_key), owner.id)


def enter(app: Flask, visitor: Visitor, client_id: int) -> None:
    """Come as the client, by a billing link."""
    visitor.get(link_of(app, client_id))


def hidden(answer: "TestResponse") -> dict[str, str]:
    """What the form that confirms a change sends."""
    form = answer.text.partition('id="confirm-move"')[2].partition("</form>")[0]
    found = {name: html.unescape(value) for name, value in HIDDEN.findall(form)}
    found.pop("csrf_token", None)
    return found


def test_staff_choose_look_confirm_and_see_what_became_of_it(app: Flask, signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.starter)
    page = f"/saas/clients/{client.client_id}/plan"

    assert "Starter Present plan US$19.00 a month" in text_of(signed_in.get(page))

    shown = signed_in.get(f"{page}/preview?plan={store.growth}&interval=month")
    words = text_of(shown)
    assert "Charged now" in words
    assert "Unused time of Starter, from " in words
    assert "US$49.00 a month" in words
    (due,) = re.findall(r"Change and pay (US\$[\d.]+)", words)

    answer = signed_in.submit(page, hidden(shown))
    assert answer.status_code == 303
    result = text_of(signed_in.get(answer.location))
    assert "It is Growth now The change is made and paid." in result
    assert due == f"US${store.invoices(client)[0].amount_paid / 100:.2f}"
    with app.app_context():
        assert entitlement_of(client.client_id).plan_id == store.growth


def test_the_client_does_the_same_on_pages_of_its_own(app: Flask, client: Visitor, store: Store) -> None:
    subscribed = store.subscribe(store.starter)
    enter(app, client, subscribed.client_id)

    shown = client.get(f"/portal/billing/plan/preview?plan={store.growth}&interval=year")
    answer = client.submit("/portal/billing/plan", hidden(shown))

    assert "US$490.00 a year" in text_of(shown)
    assert "It is Growth now" in text_of(client.get(answer.location))


def test_a_stranger_gets_no_plan_page(client: Visitor) -> None:
    for path in ("plan", "plan/preview", "cancellation"):
        assert client.get(f"/portal/billing/{path}").status_code == 401


def test_another_clients_change_is_not_shown(app: Flask, client: Visitor, signed_in: Visitor, store: Store) -> None:
    first, second = store.subscribe(store.starter), store.subscribe(store.starter, name="Bay Gym")
    page = f"/saas/clients/{first.client_id}/plan"
    location = signed_in.submit(page, hidden(signed_in.get(f"{page}/preview?plan={store.growth}"))).location
    enter(app, client, second.client_id)

    assert client.get(f"/portal/billing/plan/moves/{location.rpartition('/')[2]}").status_code == 404


def test_a_viewer_may_not_change_a_plan(viewer: Visitor, store: Store) -> None:
    client = store.subscribe(store.starter)

    assert viewer.get(f"/saas/clients/{client.client_id}/plan").status_code == 403
    assert viewer.submit(f"/saas/clients/{client.client_id}/cancellation").status_code == 403


def test_a_decline_says_why_and_keeps_the_plan(signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.starter)
    new_card(store.sdk, client.customer, "pm_card_chargeCustomerFail")
    page = f"/saas/clients/{client.client_id}/plan"

    answer = signed_in.submit(page, hidden(signed_in.get(f"{page}/preview?plan={store.growth}")))

    words = text_of(signed_in.get(answer.location))
    assert "The change was not made Your card was declined" in words
    assert "Starter stays, and nothing was charged." in words
    assert "Try again" in words


def test_a_decline_says_that_the_planned_change_stays(signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.growth)
    page = f"/saas/clients/{client.client_id}/plan"
    signed_in.submit(page, hidden(signed_in.get(f"{page}/preview?plan={store.starter}")))
    new_card(store.sdk, client.customer, "pm_card_chargeCustomerFail")

    answer = signed_in.submit(page, hidden(signed_in.get(f"{page}/preview?plan={store.scale}&contacts=10")))

    words = text_of(signed_in.get(answer.location))
    assert "The change was not made Your card was declined" in words
    assert re.search(r"The move to Starter on \d+ \w+ \d{4} stays planned\.", words)


def test_a_bank_that_asks_leads_to_the_invoice(signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.starter)
    new_card(store.sdk, client.customer, "pm_card_authenticationRequired")
    page = f"/saas/clients/{client.client_id}/plan"

    answer = signed_in.submit(page, hidden(signed_in.get(f"{page}/preview?plan={store.growth}")))

    result = signed_in.get(answer.location)
    assert "The payment is not finished" in text_of(result)
    assert f'href="{store.invoices(client)[0].hosted_invoice_url}"' in result.text
    assert "waits for its payment" in text_of(signed_in.get(f"/saas/clients/{client.client_id}"))


def test_a_downgrade_is_planned_and_called_off(signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.growth)
    page = f"/saas/clients/{client.client_id}/plan"
    shown = signed_in.get(f"{page}/preview?plan={store.starter}")
    assert "Charged now Nothing" in text_of(shown)

    answer = signed_in.submit(page, hidden(shown))

    assert "It will be Starter on " in text_of(signed_in.get(answer.location))
    assert "The change to Starter comes on " in text_of(signed_in.get(f"/saas/clients/{client.client_id}"))
    answer = signed_in.submit(f"{page}/removal")
    assert "The present plan stays." in text_of(signed_in.get(answer.location))
    assert "The change to Starter" not in text_of(signed_in.get(f"/saas/clients/{client.client_id}/plan"))


def test_moving_to_a_free_plan_confirms_a_cancellation(signed_in: Visitor, owner: Staff, store: Store) -> None:
    with store.app.app_context():
        free = new_plan(owner.id, "Free", is_active=True)
    client = store.subscribe(store.starter)
    page = f"/saas/clients/{client.client_id}/plan"
    shown = signed_in.get(f"{page}/preview?plan={free}")
    action = f"/saas/clients/{client.client_id}/cancellation"
    assert f'action="{action}"' in shown.text

    assert signed_in.submit(action, hidden(shown)).status_code == 303

    with store.app.app_context():
        assert entitlement_of(client.client_id).standing == "canceling"


def test_what_aged_is_shown_again(signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.starter)
    page = f"/saas/clients/{client.client_id}/plan"
    sent = hidden(signed_in.get(f"{page}/preview?plan={store.growth}")) | {"prorated_at": "1"}

    answer = signed_in.submit(page, sent)

    assert answer.status_code == 422
    assert "What you saw is not up to date any more." in text_of(answer)
    assert signed_in.submit(page, hidden(answer)).status_code == 303


@pytest.mark.parametrize("period", [("", ""), ("1e309", "1"), ("month", "0"), ("month", "half")])
def test_a_period_that_does_not_exist_is_refused_in_words(
    app: Flask, signed_in: Visitor, store: Store, period: tuple[str, str]
) -> None:
    client = store.subscribe(store.starter)
    page = f"/saas/clients/{client.client_id}/plan"
    preview = signed_in.get(f"{page}/preview?plan={store.growth}")
    answer = signed_in.submit(page, hidden(preview) | {"interval": period[0], "interval_count": period[1]})
    assert answer.status_code == 422
    assert "Choose how often to pay" in text_of(answer)
    with app.app_context():
        assert entitlement_of(client.client_id).plan_id == store.starter


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "This is what Harbor Dental has already."),
        ("plan=999", "Choose one of the plans."),
        ("plan={scale}&quantity.{scale}.contacts=many", "Say how many contacts"),
    ],
)
def test_what_cannot_be_is_told_on_the_page(signed_in: Visitor, store: Store, query: str, words: str) -> None:
    client = store.subscribe(store.starter)
    path = f"/saas/clients/{client.client_id}/plan/preview?{query.format(scale=store.scale) or f'plan={store.starter}'}"

    answer = signed_in.get(path)

    assert answer.status_code == 422
    assert words in text_of(answer)


def test_numbers_that_are_bought_stay_typed(signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.scale, quantities={"contacts": 1200})
    page = f"/saas/clients/{client.client_id}/plan"

    assert 'value="1200"' in signed_in.get(page).text
    shown = signed_in.get(f"{page}/preview?plan={store.scale}&quantity.{store.scale}.contacts=1500")
    assert "Scale, 1,500 contacts, from " in text_of(shown)
    assert signed_in.submit(page, hidden(shown)).status_code == 303


def test_when_stripe_is_away_the_page_says_so(signed_in: Visitor, store: Store, sandbox: Sandbox) -> None:
    client = store.subscribe(store.starter)
    sandbox.control("faults", kind="500")

    answer = signed_in.get(f"/saas/clients/{client.client_id}/plan/preview?plan={store.growth}")

    assert answer.status_code == 503
    assert "Stripe does not answer right now. Nothing was changed." in text_of(answer)


def test_the_preview_says_which_tax_is_in_the_prices_and_which_is_added(
    app: Flask, signed_in: Visitor, owner: Staff, store: Store, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    sandbox.control("tax", account=stripe_account.id, mode="test", percent="19", active=True)
    goods = Catalog(store.sdk)
    small, large, added = (
        plan_of(owner.id, app, [Link(goods.price(unit_amount=amount, tax_behavior=behavior), "flat")], name)
        for name, amount, behavior in (
            ("Small", 2000, "inclusive"),
            ("Large", 7000, "inclusive"),
            ("Added", 9000, "exclusive"),
        )
    )
    client = store.subscribe(small)
    store.sdk.v1.customers.update(client.customer, params={"address": {"country": "IE"}})
    store.sdk.v1.subscriptions.update(client.subscription, params={"automatic_tax": {"enabled": True}})

    address = f"/saas/clients/{client.client_id}/plan/preview?interval=month&plan="
    included, mixed = text_of(signed_in.get(f"{address}{large}")), text_of(signed_in.get(f"{address}{added}"))

    assert " Tax US$" not in included
    assert re.search(r"Due now US\$[\d.]+ Tax The prices include US\$[\d.]+ tax\.", included)
    assert " Tax US$" in mixed


def test_a_change_that_was_planned_in_stripe_is_shown_and_said_to_go(
    app: Flask, signed_in: Visitor, client: Visitor, store: Store
) -> None:
    subscribed = store.subscribe(store.growth)
    with app.app_context():
        plan_in_stripe(store, subscribed, store.starter)
    enter(app, client, subscribed.client_id)
    page = f"/saas/clients/{subscribed.client_id}"

    own = text_of(client.get("/portal/billing"))
    assert "You move to Starter on " in own
    assert "set in Stripe Switching or cancelling drops this change." in own.replace(
        "The current plan stays until then. ", ""
    )
    assert "Next payment US$19.00 on " in own
    assert "when you move to Starter" in own
    staff = text_of(signed_in.get(page))
    assert "Moves to Starter on " in staff
    assert "Next payment US$19.00 on " in staff
    preview = text_of(client.get(f"/portal/billing/plan/preview?plan={store.scale}&quantity.{store.scale}.contacts=5"))
    assert "This replaces the move to Starter on " in preview
    assert "Cancelling drops the move to Starter on " in text_of(client.get("/portal/billing/cancellation"))

    signed_in.submit(f"{page}/plan/removal", {})
    assert "Starter" not in text_of(client.get("/portal/billing"))
    assert store.sdk.v1.subscriptions.retrieve(subscribed.subscription).schedule is None


def test_a_decline_says_that_a_change_planned_in_stripe_is_gone(signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.growth)
    with store.app.app_context():
        plan_in_stripe(store, client, store.starter)
    new_card(store.sdk, client.customer, "pm_card_chargeCustomerFail")
    page = f"/saas/clients/{client.client_id}/plan"

    answer = signed_in.submit(page, hidden(signed_in.get(f"{page}/preview?plan={store.scale}&contacts=10")))

    words = text_of(signed_in.get(answer.location))
    assert "The change that was planned in Stripe was dropped before. It has to be planned again." in words
