"""Moving clients from a retired price, page by page: chosen, looked at, confirmed, followed and undone."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.common.dates import day
from billingportal.domain.plans.price_links import Link
from billingportal.models import Client, ClientCustomer, MailSettings, ProcessorAccount
from billingportal.models.auth.staff import Staff
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.edits import sell_by
from tests.support.catalog.plans import add_subscription, resource_id
from tests.support.pages import PARTIAL, Visitor, text_of
from tests.support.people.billing import link_of
from tests.support.people.clients import new_client
from tests.support.people.raises import Raise, open_raise
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount
from tests.support.stripe.worlds import World

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def raised(app: Flask, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount) -> Iterator[Raise]:
    with app.app_context():
        yield open_raise(World(app, sandbox, stripe_account), owner.id)


def begin(raised: Raise, visitor: Visitor) -> str:
    """Press "Move these clients"; the address of the move."""
    answer = visitor.submit(f"/saas/plan-prices/{raised.link_id()}/moves")
    assert answer.status_code == 303
    return answer.location


def send(visitor: Visitor, path: str, *pairs: tuple[str, str]) -> TestResponse:
    return visitor.post(path, data=MultiDict([*pairs, ("csrf_token", visitor.csrf_token())]))


def choose(visitor: Visitor, address: str, go: str = "review", **untick: int) -> TestResponse:
    """Send the first step as it is shown, without the ticks of some clients, by their names."""
    page = visitor.get(address, follow_redirects=True).text
    shown = re.findall(r'name="shown" value="(\d+)"', page)
    ticked = [one for one in shown if int(one) not in untick.values()]
    terms = [("timing", "renewal"), ("notice_days", "14"), ("go", go)]
    return send(visitor, address, *(("shown", one) for one in shown), *(("client", one) for one in ticked), *terms)


def seal_of(page: str) -> str:
    found = re.search(r'name="seal" value="(\w+)"', page)
    assert found is not None
    return found.group(1)


def test_a_price_is_raised_for_those_who_have_it(raised: Raise, signed_in: Visitor) -> None:
    harbor, nord = raised.subscribe("Harbor Dental"), raised.subscribe("Studio Nord")
    raised.raise_price()
    assert "Move these clients" in signed_in.get(f"/saas/plans/{raised.plan_id}/edit").text

    address = begin(raised, signed_in)
    first = text_of(signed_in.get(address, follow_redirects=True))
    assert "Growth: from US$15.00 to US$19.00 a month" in first
    assert "2 clients pay the retired price." in first
    looked_at = choose(signed_in, address, nord=nord.client_id)
    assert looked_at.location == f"{address}/confirmation"
    assert "0 of 1 amounts are known" in text_of(signed_in.get(looked_at.location))
    raised.work()
    page = signed_in.get(looked_at.location, headers=PARTIAL)
    (row, _) = raised.rows(1)
    assert row.takes_effect_at
    for words in ("US$15.00", "US$19.00", day(row.takes_effect_at), "Move 1 client and send 1 email", "Not chosen"):
        assert words in text_of(page)

    confirmed = send(signed_in, looked_at.location, ("seal", seal_of(page.text)), ("sentence", "More for you."))
    assert confirmed.location == address
    assert 'hx-trigger="every 2s"' in signed_in.get(address).text
    raised.work()
    shown = text_of(signed_in.get(address))
    assert "1 client moves to US$19.00" in shown
    assert "Planned Harbor Dental" in shown
    assert "email is being sent" in shown
    assert "Stays Studio Nord" in shown
    assert "hx-trigger" not in signed_in.get(address, headers=PARTIAL).text
    assert "More for you." in raised.mails()[0].body
    said = text_of(signed_in.get(f"/saas/clients/{harbor.client_id}"))
    assert f"The new price of Growth comes on {day(row.takes_effect_at)}" in said
    assert "From then on it is US$19.00 instead of US$15.00." in said


def test_the_client_sees_its_new_price_and_cannot_call_it_off(app: Flask, raised: Raise) -> None:
    client = raised.subscribe()
    raised.raise_price()
    raised.planned()
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)

    visitor.get(link_of(app, client.client_id))
    page = visitor.get("/portal/billing")

    assert "From then on it is US$19.00 instead of US$15.00." in text_of(page)
    assert "keep-present" not in page.text
    assert visitor.submit("/portal/billing/plan/removal").status_code == 422
    assert raised.states(1) == ["scheduled"]


def test_it_is_undone_for_one_client_and_for_all(raised: Raise, signed_in: Visitor) -> None:
    for name in ("A", "B", "C"):
        raised.subscribe(name)
    raised.raise_price()
    address = f"/saas/price-moves/{raised.planned()}"

    signed_in.submit(f"{address}/undos", {"row": str(raised.rows(1)[1].id)})
    assert "Being undone" in signed_in.get(address).text
    raised.work()
    assert raised.states(1) == ["scheduled", "undone", "scheduled"]
    signed_in.submit(f"{address}/undos")
    raised.work()
    assert raised.states(1) == ["undone"] * 3
    assert "0 of 3 clients moved" in text_of(signed_in.get(address))


def test_what_changed_since_it_was_shown_is_shown_again(raised: Raise, signed_in: Visitor) -> None:
    raised.subscribe()
    raised.raise_price()
    address = begin(raised, signed_in)
    choose(signed_in, address)
    raised.work()
    with transaction() as session:
        session.merge(MailSettings(id=1, is_on=False))

    assert "No emails are sent" in signed_in.get(f"{address}/confirmation").text
    answer = send(signed_in, f"{address}/confirmation", ("seal", "0" * 32), ("sentence", ""))

    assert answer.status_code == 409
    assert "Something changed meanwhile. Please look again." in text_of(answer)
    assert raised.schedules() == []


def test_an_exception_keeps_the_price(raised: Raise, signed_in: Visitor) -> None:
    raised.subscribe("Studio Nord")
    raised.raise_price()
    address = begin(raised, signed_in)
    exception = f"{address}/exceptions/{raised.rows(1)[0].id}"

    assert "Say why the price stays." in text_of(signed_in.submit(exception, {"reason": " ", "until": ""}))
    yesterday = (clock.now() - timedelta(days=1)).date().isoformat()
    assert "still to come" in text_of(signed_in.submit(exception, {"reason": "Promised", "until": yesterday}))
    assert signed_in.submit(exception, {"reason": "Promised", "until": "2099-12-31"}).status_code == 303

    assert "Promised, until 31 December 2099" in text_of(signed_in.get(address, follow_redirects=True))
    assert "Tick at least one client" in text_of(choose(signed_in, address, nord=raised.rows(1)[0].client_id))


def test_wrong_terms_are_shown_at_their_fields(raised: Raise, signed_in: Visitor) -> None:
    raised.subscribe()
    raised.raise_price()
    address = begin(raised, signed_in)

    for days in ("", "-1", "many", "9999"):
        answer = send(signed_in, address, ("timing", "renewal"), ("notice_days", days), ("go", "review"))
        assert (answer.status_code, "whole number of days from 0 to 365" in text_of(answer)) == (422, True)
    early = ("from_day", "2020-01-01")
    answer = send(signed_in, address, ("timing", "date"), early, ("notice_days", "1"), ("go", "review"))
    assert (answer.status_code, "Choose a day that is still to come." in text_of(answer)) == (422, True)


def test_only_those_who_may_change_plans_see_it(raised: Raise, signed_in: Visitor, viewer: Visitor) -> None:
    raised.subscribe()
    raised.raise_price()
    address = begin(raised, signed_in)

    assert viewer.submit(f"/saas/plan-prices/{raised.link_id()}/moves").status_code == 403
    for path in ("", "/edit", "/confirmation", f"/exceptions/{raised.rows(1)[0].id}"):
        assert viewer.get(address + path).status_code == 403
        assert signed_in.get(f"/saas/price-moves/999{path}").status_code == 404
    assert viewer.submit(f"{address}/undos").status_code == 403


def test_of_more_than_fifty_clients_all_but_three_move(raised: Raise, signed_in: Visitor) -> None:
    subscribe_many(raised, 57)
    sell_by(raised.world.app, raised.staff_id, raised.plan_id, Link(raised.new, "flat"))
    address = begin(raised, signed_in)
    names = {row.client.name: row.client_id for row in raised.rows(1)}
    assert "Page 1 of 2" in text_of(signed_in.get(address, follow_redirects=True))

    answer = choose(signed_in, address, "2", one=names["Client 03"], other=names["Client 07"])
    second = signed_in.get(answer.location)
    assert "55 clients move" in text_of(second)
    last = re.findall(r'name="shown" value="(\d+)"', second.text)
    pairs = [*(("shown", one) for one in last), *(("client", one) for one in last if one != str(names["Client 55"]))]
    send(signed_in, address, *pairs, ("timing", "renewal"), ("notice_days", "14"), ("go", "1"), ("q", "client 07"))

    found = text_of(signed_in.get(f"{address}/edit?q=client+07"))
    assert "54 clients move" in found
    assert "Client 08" not in found
    stays = [row.client.name for row in raised.rows(1) if row.state == "stays"]
    assert sorted(stays) == ["Client 03", "Client 07", "Client 55"]


def subscribe_many(raised: Raise, number: int) -> None:
    """Clients that pay the old price, in the database alone."""
    raised.world.session.rollback()
    ids = [new_client(f"Client {one:02}") for one in range(number)]
    with transaction() as session:
        account = session.query(ProcessorAccount).filter_by(state="connected").one()
        for client_id in ids:
            customer = f"cus_{client_id}"
            add_subscription(session, account, customer, raised.old, is_known=False)
            session.add(
                ClientCustomer(
                    client_id=session.get_one(Client, client_id).id,
                    processor_account_id=account.id,
                    stripe_customer_id=customer,
                    linked_at=clock.now(),
                )
            )


def test_a_move_that_has_ended_is_found_from_the_page_of_its_plan(raised: Raise, signed_in: Visitor) -> None:
    raised.subscribe()
    raised.raise_price()
    move_id = raised.planned()
    address = f"/saas/price-moves/{move_id}"
    plan_page = f"/saas/plans/{raised.plan_id}/edit"
    assert f'href="{address}"' in signed_in.get(plan_page).text

    signed_in.submit(f"{address}/undos")
    raised.work()
    assert raised.move(move_id).state == "ended"
    raised.raise_price()
    page = signed_in.get(plan_page)
    assert f'href="{address}"' in page.text
    assert "Price moves US$15.00 to US$19.00, confirmed on" in text_of(page)


def test_nothing_is_said_of_usage_or_of_saved_choices_where_there_are_none(raised: Raise, signed_in: Visitor) -> None:
    client = raised.subscribe()
    raised.raise_price()
    address = begin(raised, signed_in)
    assert "as last saved" not in text_of(signed_in.get(address, follow_redirects=True))
    choose(signed_in, address)
    raised.work()
    assert "Usage comes on top." not in text_of(signed_in.get(f"{address}/confirmation"))

    choose(signed_in, address, go="", only=client.client_id)
    assert "1 of 1 stay, as last saved." in text_of(signed_in.get(address, follow_redirects=True))


def test_the_amounts_of_a_plan_with_usage_say_that_it_comes_on_top(raised: Raise, signed_in: Visitor) -> None:
    contacts = resource_id(raised.world.session, "contacts")
    raised.subscribe()
    goods = Catalog(raised.sdk)
    metered = Link(goods.metered(goods.meter("contacts_used"), unit_amount=3), "usage", contacts)
    sell_by(raised.world.app, raised.staff_id, raised.plan_id, Link(raised.new, "flat"), metered)
    address = begin(raised, signed_in)
    choose(signed_in, address)
    raised.work()
    assert "Usage comes on top." in text_of(signed_in.get(f"{address}/confirmation"))
