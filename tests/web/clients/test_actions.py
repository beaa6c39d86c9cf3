"""What can be done with a client, through its doors: by hand, and at Stripe."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import db
from billingportal.domain.plans.terms import Limit
from billingportal.models import Client, Customer, Entitlement, Workspace
from billingportal.models.auth.staff import Staff
from tests.support.catalog.catalog import Catalog, catalog, connect
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.pages import FIREFOX, Visitor, markup_of, text_of
from tests.support.people.billing import link_of
from tests.support.people.clients import Subscribed, catch_up, new_client, paid_plan, subscribed_client
from tests.support.people.forms import form_of
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PAGE = "/saas/clients"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def shop(app: Flask, sandbox: Sandbox, stripe_account: SandboxAccount, signed_in: Visitor) -> Catalog:
    """The account's prices, connected."""
    connect(app, signed_in, stripe_account.test_key)
    return catalog(sandbox, stripe_account)


@pytest.fixture
def payer(app: Flask, shop: Catalog, owner: Staff) -> Subscribed:
    """A client who pays 29 dollars a month for a plan with 5,000 contacts; the default plan has 100."""
    with app.app_context():
        contacts = resource_id(db.session(), "contacts")
        new_plan(owner.id, "Free", is_active=True, quotas={contacts: Limit(100)})
    plan_id = paid_plan(owner.id, shop, app, quotas={contacts: Limit(5000)})
    return subscribed_client(app, shop.client, plan_id)


def stored(session: Session, client_id: int) -> tuple[Client, Entitlement]:
    session.rollback()
    session.expire_all()
    row = session.scalars(select(Entitlement).where(Entitlement.client_id == client_id)).one()
    return session.get_one(Client, client_id), row


def test_the_page_of_a_payer_tells_of_subscription_invoice_and_card(signed_in: Visitor, payer: Subscribed) -> None:
    answer = signed_in.get(f"{PAGE}/{payer.client_id}")
    words = text_of(answer)

    assert "Growth Subscription" in words
    assert "Price US$29.00 a month" in words
    assert "Next payment US$29.00 on" in words
    assert "Visa ending 4242" in words
    assert f"dashboard.stripe.com/test/customers/{payer.customer}" in answer.text
    assert "is paid for and means the plan Growth." in words
    assert "was paid US$29.00" in words
    assert "Download invoice" in answer.text


def test_the_list_shows_what_is_paid_and_finds_it_by_its_ids(signed_in: Visitor, payer: Subscribed) -> None:
    for words in (payer.customer, payer.subscription):
        answer = text_of(signed_in.get(f"{PAGE}?q={words}"))
        assert "Harbor Dental office@harbordental.example Growth US$29.00 a month Active" in answer


def test_name_and_email_are_told_to_stripe(
    signed_in: Visitor, session: Session, shop: Catalog, payer: Subscribed, sandbox: Sandbox
) -> None:
    typed = {"name": "Harbor & Sons", "email": "New@harbor.example", "revision": "1"}
    answer = signed_in.submit(f"{PAGE}/{payer.client_id}", typed)

    assert "here and at Stripe" in text_of(signed_in.get(answer.location))
    customer = shop.client.v1.customers.retrieve(payer.customer)
    assert (customer.name, customer.email) == ("Harbor & Sons", "new@harbor.example")
    session.rollback()
    assert session.scalars(select(Customer.email)).one() == "new@harbor.example"


def test_a_stripe_that_does_not_answer_loses_nothing(
    signed_in: Visitor, session: Session, shop: Catalog, payer: Subscribed, sandbox: Sandbox
) -> None:
    sandbox.control("faults", kind="500", path_prefix="/v1/customers")
    typed = {"name": "Harbor & Sons", "email": "new@harbor.example", "revision": "1"}

    answer = signed_in.submit(f"{PAGE}/{payer.client_id}", typed)

    assert "Stripe could not be told" in text_of(signed_in.get(answer.location))
    assert stored(session, payer.client_id)[0].name == "Harbor & Sons"
    sandbox.control("faults", verb="DELETE")
    assert "here and at Stripe" in text_of(
        signed_in.get(signed_in.submit(f"{PAGE}/{payer.client_id}", {**typed, "revision": "2"}).location)
    )


def test_what_stripe_knows_is_fetched_on_demand(
    signed_in: Visitor, session: Session, shop: Catalog, payer: Subscribed
) -> None:
    shop.client.v1.subscriptions.cancel(payer.subscription)

    answer = signed_in.swap(f"{PAGE}/{payer.client_id}/fetches")

    assert "Fetched from Stripe" in text_of(answer)
    assert "Canceled, ended" in text_of(answer)
    row = stored(session, payer.client_id)[1]
    assert row.plan is not None
    assert row.plan.name == "Free"


def test_archiving_at_once_cancels_and_archives(signed_in: Visitor, session: Session, payer: Subscribed) -> None:
    asked = text_of(signed_in.get(f"{PAGE}/{payer.client_id}/archiving"))
    assert "Archiving cancels its subscription of US$29.00 a month" in asked

    assert "Nothing more is billed" in asked
    form = form_of(signed_in.get(f"{PAGE}/{payer.client_id}/archiving"), "archive").typed(when="now")
    for _ in range(2):
        assert form.send(signed_in).status_code == 303

    client, row = stored(session, payer.client_id)
    assert client.archived_at is not None
    assert row.access == "suspended"


def test_archiving_at_the_end_waits_for_it(
    signed_in: Visitor, session: Session, shop: Catalog, payer: Subscribed
) -> None:
    for _ in range(2):
        signed_in.submit(f"{PAGE}/{payer.client_id}/archiving", {"when": "end"})

    client, row = stored(session, payer.client_id)
    assert (client.archived_at, client.is_leaving, row.standing) == (None, True, "canceling")
    shop.client.v1.subscriptions.cancel(payer.subscription)
    signed_in.submit(f"{PAGE}/{payer.client_id}/fetches")
    client, _ = stored(session, payer.client_id)
    assert client.archived_at is not None
    assert not client.is_leaving


def test_a_client_who_is_resumed_is_not_archived(
    signed_in: Visitor, session: Session, shop: Catalog, payer: Subscribed
) -> None:
    signed_in.submit(f"{PAGE}/{payer.client_id}/archiving", {"when": "end"})
    shop.client.v1.subscriptions.update(payer.subscription, params={"cancel_at_period_end": False})
    signed_in.submit(f"{PAGE}/{payer.client_id}/fetches")

    client, row = stored(session, payer.client_id)
    assert (client.archived_at, client.is_leaving, row.standing) == (None, False, "active")


def test_a_plan_by_hand_is_given_replaced_and_ended(
    signed_in: Visitor, session: Session, owner: Staff, payer: Subscribed
) -> None:
    scale = new_plan(owner.id, "Scale", is_active=True)
    address = f"{PAGE}/{payer.client_id}/comp"
    assert "It goes on paying US$29.00 a month." in text_of(signed_in.get(address))
    tomorrow = (clock.now() + timedelta(days=1)).date().isoformat()

    wrong = signed_in.submit(address, {"plan": str(scale), "reason": "", "expires_on": tomorrow})
    assert wrong.status_code == 422
    assert "Say why" in text_of(wrong)
    assert tomorrow in wrong.text
    assert signed_in.submit(address, {"plan": "x", "reason": "why", "expires_on": "soon"}).status_code == 422
    signed_in.submit(address, {"plan": str(scale), "reason": "A friend", "expires_on": tomorrow})

    assert stored(session, payer.client_id)[1].source == "comp"
    assert "Given by hand A friend" in text_of(signed_in.get(f"{PAGE}/{payer.client_id}"))
    signed_in.swap(f"{address}/ending")
    assert stored(session, payer.client_id)[1].source == "subscription"


def test_a_quota_by_hand_is_given_and_ended(app: Flask, signed_in: Visitor, session: Session, owner: Staff) -> None:
    contacts = resource_id(session, "contacts")
    new_plan(owner.id, "Free", is_active=True, quotas={contacts: Limit(100)})
    client_id = new_client("Harbor")
    address = f"{PAGE}/{client_id}/quota-overrides"
    typed = {"resource": str(contacts), "reason": "Fair"}

    for quota in ("many", "-1", "1.5", "9" * 20):
        wrong = signed_in.submit(address, {**typed, "quota": quota})
        assert wrong.status_code == 422
        assert "whole number, 0 or more" in text_of(wrong)
    signed_in.submit(address, {**typed, "quota": "9,000"})
    assert "Contacts 0 of 9,000 0% By hand: Fair without an end" in text_of(signed_in.get(f"{PAGE}/{client_id}"))
    signed_in.submit(address, {**typed, "quota": ""})
    assert "Contacts 0 contacts, unlimited By hand: Fair" in text_of(signed_in.get(f"{PAGE}/{client_id}"))
    signed_in.submit(f"{address}/{contacts}/ending")
    assert "Contacts 0 of 100" in text_of(signed_in.get(f"{PAGE}/{client_id}"))


def test_suspension_needs_a_reason_and_is_shown(signed_in: Visitor, session: Session) -> None:
    client_id = new_client("Harbor")
    address = f"{PAGE}/{client_id}/suspension"

    assert signed_in.submit(address, {"reason": " "}).status_code == 422
    signed_in.submit(address, {"reason": "Spam <b>"})
    assert "Spam &lt;b&gt;" in signed_in.get(f"{PAGE}/{client_id}").text
    signed_in.swap(f"{PAGE}/{client_id}/reactivation")
    assert stored(session, client_id)[0].suspended_at is None


def test_a_billing_link_is_shown_once_and_opens_the_billing_page(
    app: Flask, signed_in: Visitor, client: Visitor, session: Session
) -> None:
    client_id = new_client("Harbor")
    assert "/portal/billing-link/" not in signed_in.get(f"{PAGE}/{client_id}/billing-links/new").text

    answer = signed_in.submit(f"{PAGE}/{client_id}/billing-links")

    link = markup_of(answer).partition('id="billing-link" value="')[2].partition('"')[0]
    assert "It works for 24 hours." in text_of(answer)
    stranger = app.test_client()
    assert stranger.get(link.removeprefix("http://localhost")).location.endswith("/portal/billing")
    assert "Made a billing link for 24 hours" in text_of(signed_in.get(f"{PAGE}/{client_id}"))
    signed_in.submit(f"{PAGE}/{client_id}/archiving")
    assert signed_in.submit(f"{PAGE}/{client_id}/billing-links").status_code == 409


def test_access_is_withdrawn_after_a_question_and_shown(app: Flask, signed_in: Visitor, session: Session) -> None:
    client_id = new_client("Harbor")
    page, address = f"{PAGE}/{client_id}", f"{PAGE}/{client_id}/access-withdrawal"
    assert "Nobody is signed in as this client now." in text_of(signed_in.get(page))
    visitor = Visitor(app)
    visitor.get(link_of(app, client_id), headers={"User-Agent": FIREFOX})
    assert "Firefox on Linux 127.0.0.1 · active now" in text_of(signed_in.get(page))
    assert "Billing links sent so far stop working" in text_of(signed_in.get(address))

    signed_in.submit(address)

    words = text_of(signed_in.get(page))
    assert "Harbor is signed out everywhere. Older billing links no longer work." in words
    assert "Nobody is signed in as this client now." in words
    assert "Withdrew access Older billing links and sign-ins ended" in words
    assert visitor.get("/portal/billing").status_code == 401


def test_a_viewer_sees_who_is_signed_in_and_ends_nothing(app: Flask, viewer: Visitor, session: Session) -> None:
    client_id = new_client("Harbor")
    address = f"{PAGE}/{client_id}/access-withdrawal"
    assert "Withdraw access" not in text_of(viewer.get(f"{PAGE}/{client_id}"))
    assert [viewer.get(address).status_code, viewer.submit(address).status_code] == [403, 403]


def test_workspaces_are_added_renamed_moved_and_archived(signed_in: Visitor, session: Session) -> None:
    first, second = new_client("Harbor"), new_client("Bloom")
    address = f"{PAGE}/{first}/workspaces"

    assert signed_in.submit(address, {"workspace_name": " "}).status_code == 422
    signed_in.submit(address, {"workspace_name": "Desk", "workspace_external_id": "w1"})
    session.rollback()
    workspace_id = session.scalars(select(Workspace.id)).one()
    signed_in.submit(f"{address}/{workspace_id}", {"workspace_name": "Front", "workspace_external_id": "w1"})
    assert "Front w1" in text_of(signed_in.get(f"{PAGE}/{first}"))

    found = signed_in.get(f"{address}/{workspace_id}/move?words=bloom")
    assert f'<option value="{second}">Bloom' in found.text
    assert signed_in.get(f"{address}/{workspace_id}/move", query_string={"words": "a" * 60_000}).status_code == 200
    assert signed_in.submit(f"{address}/{workspace_id}/move", {"target": "zzz"}).status_code == 422
    signed_in.submit(f"{address}/{workspace_id}/move", {"target": str(second)})
    assert signed_in.get(f"{address}/{workspace_id}/edit").status_code == 404
    assert "Front w1" in text_of(signed_in.get(f"{PAGE}/{second}"))

    moved = f"{PAGE}/{second}/workspaces/{workspace_id}"
    signed_in.swap(f"{moved}/archiving")
    assert "Front Archived" in text_of(signed_in.get(f"{PAGE}/{second}"))
    signed_in.submit(f"{moved}/restoration")
    assert "Front Archived" not in text_of(signed_in.get(f"{PAGE}/{second}"))
    assert signed_in.submit(f"{address}/{workspace_id}/archiving").status_code == 409


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        (0, "Quantity of Growth is 0 at Stripe The client has the plan, and US$0.00 is charged for it."),
        (3, "Quantity of Growth is 3 at Stripe The plan is charged 3 times: US$87.00 for each period."),
    ],
)
def test_a_flat_price_with_another_quantity_than_one_is_flagged(
    app: Flask, signed_in: Visitor, shop: Catalog, payer: Subscribed, quantity: int, words: str
) -> None:
    address = f"{PAGE}/{payer.client_id}"
    assert "Quantity of" not in text_of(signed_in.get(address))
    (item,) = shop.client.v1.subscriptions.retrieve(payer.subscription)["items"].data
    shop.client.v1.subscription_items.update(item.id, params={"quantity": quantity})
    catch_up(app, shop.client, payer)
    assert words in text_of(signed_in.get(address))
