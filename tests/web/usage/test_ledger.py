"""SaaS > Usage > Billing ledger, as staff see and use it: over real HTTP, beside the sandbox."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.metering import outbox
from billingportal.models import AuditEntry, ClientMeter, ProcessorAccount
from billingportal.models.auth.staff import Staff
from tests.support.catalog.catalog import connect
from tests.support.pages import Visitor, markup_of, text_of
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount
from tests.support.usage.metered_clients import MeteredClient, Meters, metered_client, open_meters, sum_up, today

PAGE = "/saas/usage/ledger"
HOSTILE = "=<script>alert(1)</script>\"'&"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox, public_url=None)


@pytest.fixture
def meters(app: Flask, signed_in: Visitor, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount) -> Meters:
    connect(app, signed_in, stripe_account.test_key)
    return open_meters(sandbox, stripe_account, app, owner.id)


@pytest.fixture
def harbor(app: Flask, meters: Meters) -> MeteredClient:
    return metered_client(meters, app)


def report(app: Flask, client: MeteredClient, *amounts: int) -> None:
    with app.app_context():
        client.uses(*amounts)


def act(client: MeteredClient, kind: str, act: str) -> str:
    return f"{PAGE}/{client.row().id}/{today()}/{kind}/{act}"


def form_of(response_text: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that goes to this address."""
    import re

    form = next(one for one in re.findall(r"<form.*?</form>", response_text, re.S) if action in one)
    found = re.findall(r'<input\s+type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', form)
    return {name: value for name, value in found if name != "csrf_token"}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_without_metered_use_the_page_says_what_will_be_there(signed_in: Visitor) -> None:
    assert "Nothing is billed by usage yet" in text_of(signed_in.get(PAGE))
    assert signed_in.get(f"{PAGE}/7/2026-11-24").status_code == 404


def test_check_now_compares_and_the_page_says_that_all_agrees(
    app: Flask, signed_in: Visitor, harbor: MeteredClient
) -> None:
    report(app, harbor, 60, 40)
    assert "On its way" in text_of(signed_in.get(PAGE))
    answer = signed_in.swap(f"{PAGE}/checks")
    words = text_of(answer)
    assert "Compared 1 client meter with Stripe" in words
    assert "Everything agrees" in words
    assert "AI replies ai_replies 100 100 100 Equal" in words
    assert "Harbor Dental" in words
    assert 'id="ledger"' in answer.text
    assert "<html" not in answer.text

    assert signed_in.submit(f"{PAGE}/checks").status_code == 303
    day = text_of(signed_in.get(f"{PAGE}/{row_id(app, harbor)}/{today()}"))
    assert "60 Confirmed 1 bpm_" in day
    assert "Counted here 100 Sent 100 At Stripe 100 Result Equal" in day


def row_id(app: Flask, client: MeteredClient) -> int:
    with app.app_context():
        return client.row().id


def test_each_difference_says_its_cause_and_what_to_do(app: Flask, signed_in: Visitor, meters: Meters) -> None:
    foreign, lost = metered_client(meters, app, "Kite Logistics"), metered_client(meters, app, HOSTILE)
    rejected, late = metered_client(meters, app, "Bloom & Co"), metered_client(meters, app, "Atlas Fitness")
    with app.app_context():
        for client in (foreign, lost, rejected, late):
            client.uses(1280)
        meters.report_elsewhere(foreign.ids.customer, 200)
        lost.grow_older(25)
        lost.lose_today()
        rejected.lose_today()
        ids = [event.id for event in rejected.events()]
        late.lose_today()
        late.change_events(0, state="too_late")
        of_late = late.row().id
        with transaction() as session:
            outbox.reject(session, ids, "meter_event_customer_not_found", "The customer was deleted.")
            outbox.refresh_days(session, of_late, [today()])
        for client in (foreign, lost, rejected, late):
            client.compare()
    page = signed_in.get(PAGE)
    words = text_of(page)

    assert "4 things to look at, about US$15.36 not billed" in words
    assert "Kite Logistics · AI replies" in words
    assert "200 more at Stripe Somebody else reports to this meter: Stripe has 200 AI replies" in words
    assert "The client is charged about US$0.80 for them. Open the meter in Stripe" in words
    assert "1,280 missing at Stripe Stripe took 1 meter event, and its total lacks them." in words
    assert "Resend 1 event" in words
    assert "1,280 rejected Stripe rejected 1 meter event. The customer was deleted." in words
    assert "It can be resent here once Stripe would take it. About US$5.12" in words
    assert "Too late to bill 1,280 AI replies were reported after the invoice of their period was final." in words
    assert "Bill US$5.12 as an extra line of the next invoice" in words
    assert "<script>alert" not in page.text
    order = [words.index(one) for one in ("missing at Stripe", "1,280 rejected", "200 more", "Too late to bill")]
    assert order == sorted(order)

    filtered = text_of(signed_in.get(f"{PAGE}?result=differences"))
    assert "1 to 4 of 4" in filtered
    assert "1 to 1 of 1" in text_of(signed_in.get(f"{PAGE}?client={foreign.ids.client_id}"))
    assert "Nothing is like that." in text_of(signed_in.get(f"{PAGE}?result=waiting"))
    lines = signed_in.get(f"{PAGE}/export.csv").text
    assert f"{today()},{foreign.ids.client_id},,Kite Logistics,ai_replies,1280,1280,0,0,1480,200 more" in lines
    assert "'=<script>" in lines


def test_staff_resends_what_is_lost(app: Flask, signed_in: Visitor, viewer: Visitor, harbor: MeteredClient) -> None:
    report(app, harbor, 320)
    with app.app_context():
        harbor.grow_older(25)
        harbor.lose_today()
        harbor.compare()
        address = act(harbor, "missing", "resends")
    assert "Resend" not in text_of(viewer.get(PAGE))
    assert "320 missing" in text_of(viewer.get(PAGE))
    assert viewer.swap(address).status_code == 403
    answer = signed_in.swap(address)
    assert "1 meter event will be sent again" in text_of(answer)
    with app.app_context():
        harbor.push()
    assert "Everything agrees" in text_of(signed_in.swap(f"{PAGE}/checks"))
    assert signed_in.swap(address).status_code == 422
    assert signed_in.submit(address).status_code == 409


@pytest.mark.parametrize("answer", ["invoice-items", "waivers"])
def test_staff_answers_use_that_came_too_late(
    app: Flask, signed_in: Visitor, viewer: Visitor, harbor: MeteredClient, answer: str
) -> None:
    report(app, harbor, 1280)
    with app.app_context():
        harbor.change_events(0, state="too_late")
        number = harbor.row().id
        with transaction() as session:
            outbox.refresh_days(session, number, [today()])
        harbor.lose_today()
        harbor.compare()
        address = act(harbor, "late", answer)
    assert viewer.submit(address).status_code == 403
    fields = form_of(signed_in.get(PAGE).text, address)
    if answer == "invoice-items":
        assert signed_in.swap(address, fields | {"amount": "511"}).status_code == 422
        assert signed_in.swap(address).status_code == 422
    done = signed_in.swap(address, fields)

    assert done.status_code == 200, text_of(done)
    assert "Everything agrees" in text_of(done)
    items = harbor.meters.sdk.v1.invoice_items.list({"customer": harbor.ids.customer}).data
    assert [item.amount for item in items] == ([512] if answer == "invoice-items" else [])
    day = text_of(signed_in.get(f"{PAGE}/{row_id(app, harbor)}/{today()}"))
    assert ("Billed on an invoice" if answer == "invoice-items" else "Not billed") in day
    with app.app_context(), transaction() as session:
        told = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()[-1]
        assert told.action == ("meter_event.billed" if answer == "invoice-items" else "meter_event.let_go")
        assert f"1,280 AI replies on {today().day}" in told.summary
    assert signed_in.submit(address, fields).status_code == 409


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_waits_for_a_customer_is_held_back(app: Flask, signed_in: Visitor, harbor: MeteredClient) -> None:
    report(app, harbor, 2310)
    with app.app_context():
        harbor.change_events(0, state="waiting")
        number = harbor.row().id
        with transaction() as session:
            outbox.refresh_days(session, number, [today()])
        sum_up()
    words = text_of(signed_in.get(PAGE))
    assert "Held back 2,310 AI replies since" in words
    taken_until = today() + timedelta(days=35)
    assert f"Stripe takes them until {taken_until.day} {taken_until:%B %Y}" in words
    assert "1 to 1 of 1" in text_of(signed_in.get(f"{PAGE}?result=waiting"))


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_ledger_is_linked_where_people_look(app: Flask, signed_in: Visitor, harbor: MeteredClient) -> None:
    report(app, harbor, 10)
    client_id = harbor.ids.client_id
    assert f'href="{PAGE}"' in signed_in.get("/saas/usage").text
    assert f'href="{PAGE}?client={client_id}"' in markup_of(signed_in.get(f"/saas/clients/{client_id}/usage"))
    assert f'href="{PAGE}"' in signed_in.get("/saas/payment-processor").text


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_strange_addresses_and_a_silent_stripe_change_nothing(
    app: Flask, signed_in: Visitor, harbor: MeteredClient, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    report(app, harbor, 10)
    number = row_id(app, harbor)
    for path in (f"{number}/2026-13-01", f"{number}/x", "999999/2026-11-01", f"{number}/2020-01-01"):
        assert signed_in.get(f"{PAGE}/{path}").status_code == 404, path
    for path in (f"{number}/{today()}/more/resends", f"{number}/x/late/waivers"):
        assert signed_in.submit(f"{PAGE}/{path}").status_code == 404, path
    for query in ("meter=x&result=y&page=99999999999999999999&client=0", "client=%00", "page=-1"):
        assert signed_in.get(f"{PAGE}?{query}").status_code in (200, 400), query
    with app.app_context(), transaction() as session:
        other = session.scalars(select(ClientMeter)).one()
        account = session.scalars(select(ProcessorAccount)).one()
        account.mode = "live"
        assert other.processor_account_id == account.id
    assert signed_in.get(f"{PAGE}/{number}/{today()}").status_code == 404
    assert clock.now().date() == today()
