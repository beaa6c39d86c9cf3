"""Customers without a client: what the person sees, what is linked, and that nothing is without a click."""

from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.adoption import unlinked_customers
from billingportal.domain.plans.price_links import Link
from billingportal.domain.sync.mirror_rows import comparable_email
from billingportal.models import (
    AuditEntry,
    Client,
    ClientCustomer,
    Customer,
    Entitlement,
    IgnoredCustomer,
    ProcessorAccount,
    Workspace,
)
from billingportal.models.auth.staff import Staff
from billingportal.plain_json import JsonObject
from tests.support.catalog.plans import LONG_AGO, add_account, add_price, add_subscription, new_plan
from tests.support.pages import Visitor, text_of
from tests.support.people.clients import link_customer, new_client

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PAGE = "/saas/clients/adoption"


class Business:
    """A business that ran at Stripe before the portal was connected: one plan, of "price_month"."""

    def __init__(self, owner: Staff) -> None:
        with transaction() as session:
            account = add_account(session)
            add_price(session, account, "price_month")
            add_price(session, account, "price_other", unit_amount_decimal=Decimal(900))
            self.account_id = account.id
        new_plan(owner.id, account_id=self.account_id, links=[Link("price_month", "flat")], is_active=True)
        self.customers = 0

    def customer(
        self,
        name: str | None,
        email: str | None = None,
        price: str = "price_month",
        status: str = "active",
        labels: JsonObject | None = None,
    ) -> str:
        """Somebody who pays already; the id at Stripe."""
        self.customers += 1
        customer_id = f"cus_{self.customers:03}"
        with transaction() as session:
            account = session.get_one(ProcessorAccount, self.account_id)
            session.add(
                Customer(
                    processor_account_id=account.id,
                    as_of=LONG_AGO,
                    stripe_customer_id=customer_id,
                    name=name,
                    email=email,
                    canonical_email=comparable_email(email),
                    balance_minor=0,
                    delinquent=False,
                    address={},
                    labels=labels or {},
                    created_at=LONG_AGO,
                )
            )
            add_subscription(session, account, customer_id, price, status, is_known=False)
        return customer_id


@pytest.fixture
def business(owner: Staff, session: Session) -> Business:
    return Business(owner)


def plan_of(session: Session, client_id: int) -> str | None:
    session.rollback()
    found = session.scalars(select(Entitlement).where(Entitlement.client_id == client_id)).one()
    return found.plan.name if found.plan else None


def owners(session: Session) -> dict[str, str]:
    """The names of clients by the customers that they are."""
    session.rollback()
    rows = session.execute(
        select(ClientCustomer.stripe_customer_id, Client.name).join(Client, Client.id == ClientCustomer.client_id)
    )
    return {row[0]: row[1] for row in rows}


def test_who_pays_already_is_listed_with_plan_and_match(
    business: Business, signed_in: Visitor, session: Session
) -> None:
    harbor = new_client("Harbor Dental", "desk@harbor.example")
    by_email = business.customer("Harbor Dental Ltd", "Desk@Harbor.example")
    by_label = business.customer("Somebody", labels={"billing_portal_client": str(harbor)})
    foreign = business.customer("Vela Studio", "hello@vela.example", price="price_other")

    words = text_of(signed_in.get(PAGE))

    assert f"Harbor Dental Ltd Desk@Harbor.example {by_email} Active US$29.00 a month Growth" in words
    assert "Harbor Dental has the same email address Link to Harbor Dental Linking…" in words
    assert f"Somebody {by_label}" in words
    assert "Harbor Dental named by the label on the customer Link to Harbor Dental" in words
    assert f"Vela Studio hello@vela.example {foreign} Active US$9.00 a month No plan here has this price." in words
    assert "Nobody Make a client Making… of Vela Studio" in words
    assert owners(session) == {}


def test_a_client_is_matched_in_any_spelling_of_its_address(
    business: Business, signed_in: Visitor, session: Session
) -> None:
    new_client("Harbor Dental", "desk@münchen.example")
    business.customer("Harbor Dental Ltd", "Desk@XN--MNCHEN-3YA.example")
    page = text_of(signed_in.get(PAGE))
    assert "Harbor Dental has the same email address" in page
    assert "matches no client" not in page


@pytest.mark.parametrize("way", ["swap", "submit"])
def test_linking_gives_the_plan_at_once(business: Business, signed_in: Visitor, session: Session, way: str) -> None:
    harbor = new_client("Harbor Dental", "desk@harbor.example")
    customer = business.customer("Harbor Dental", "desk@harbor.example")
    assert plan_of(session, harbor) != "Growth"

    answer = getattr(signed_in, way)(f"{PAGE}/{customer}/link", {"client_id": str(harbor)})

    said = answer if way == "swap" else signed_in.get(answer.location)
    assert f"{customer} is Harbor Dental now." in text_of(said)
    assert way == "submit" or '<div id="adoption"' in answer.text
    assert plan_of(session, harbor) == "Growth"
    assert f"Linked to the customer {customer} in Stripe" in session.scalars(select(AuditEntry.summary)).all()
    assert "Every customer belongs to a client" in text_of(signed_in.get(PAGE))


def test_a_second_tab_is_told_in_plain_words(business: Business, signed_in: Visitor, session: Session) -> None:
    harbor, vela = new_client("Harbor Dental"), new_client("Vela Studio")
    customer, second = business.customer("Harbor Dental"), business.customer("Harbor Dental again")
    signed_in.swap(f"{PAGE}/{customer}/link", {"client_id": str(harbor)})

    again = signed_in.swap(f"{PAGE}/{customer}/link", {"client_id": str(vela)})
    made = signed_in.swap(f"{PAGE}/{customer}/client")
    taken = signed_in.submit(f"{PAGE}/{second}/link", {"client_id": str(harbor)})

    assert (again.status_code, made.status_code, taken.status_code) == (422, 422, 422)
    assert "This customer is linked to Harbor Dental already" in text_of(again)
    assert "This customer is linked to Harbor Dental already" in text_of(made)
    assert f"Harbor Dental has the customer {customer} in Stripe already." in text_of(taken)
    assert owners(session) == {customer: "Harbor Dental"}


def test_a_client_is_made_with_its_first_workspace(business: Business, signed_in: Visitor, session: Session) -> None:
    customer = business.customer("Vela Studio", "Hello@Vela.example")

    assert "Vela Studio is a client now." in text_of(signed_in.swap(f"{PAGE}/{customer}/client"))

    made = session.scalars(select(Client)).one()
    assert (made.name, made.email, made.source, made.mode) == ("Vela Studio", "hello@vela.example", "adoption", "test")
    assert session.scalars(select(Workspace.name)).all() == ["Vela Studio"]
    assert plan_of(session, made.id) == "Growth"


def test_what_stripe_does_not_know_is_asked_for(business: Business, signed_in: Visitor, session: Session) -> None:
    customer = business.customer(None)
    assert f'href="{PAGE}/{customer}"' in signed_in.get(PAGE).text

    typed = {"name": "Vela Studio", "email": "nowhere", "workspace_name": ""}
    refused = signed_in.submit(f"{PAGE}/{customer}/client", typed)
    saved = signed_in.submit(f"{PAGE}/{customer}/client", {**typed, "email": "hello@vela.example"})

    assert refused.status_code == 422
    assert 'value="Vela Studio"' in refused.text
    assert "This is not an email address." in text_of(refused)
    assert saved.location == PAGE
    assert owners(session) == {customer: "Vela Studio"}


def test_another_client_can_be_searched_for(business: Business, signed_in: Visitor, session: Session) -> None:
    new_client("Harbor Dental")
    customer = business.customer("H. D. Ltd", "accounts@example.com")

    page = signed_in.get(f"{PAGE}/{customer}?q=harbor")

    assert "Harbor Dental office@harbordental.example Link to Harbor Dental" in text_of(page)
    assert "No client is called “nobody”." in text_of(signed_in.get(f"{PAGE}/{customer}?q=nobody"))
    assert signed_in.get(f"{PAGE}/cus_none").status_code == 404


def test_two_clients_with_the_address_are_a_choice(business: Business, signed_in: Visitor, session: Session) -> None:
    for name in ("Harbor Dental", "Harbor Smiles"):
        new_client(name, "desk@harbor.example")
    customer = business.customer("Harbor", "desk@harbor.example")

    page = signed_in.get(PAGE)

    assert "Choose a client for Harbor" in text_of(page)
    assert "Make 1 client" not in text_of(page)
    assert f'href="{PAGE}/{customer}"' in page.text


def test_not_ours_is_kept_on_a_list_and_can_be_taken_back(
    business: Business, signed_in: Visitor, session: Session
) -> None:
    customer = business.customer("Somebody else", "else@example.com")

    assert "Somebody else is left alone." in text_of(signed_in.swap(f"{PAGE}/{customer}/ignoring"))
    signed_in.swap(f"{PAGE}/{customer}/ignoring")
    assert len(session.scalars(select(IgnoredCustomer)).all()) == 1
    assert "Not ours: 1 customer" in text_of(signed_in.get(PAGE))
    assert customer in signed_in.get(f"{PAGE}/ignored").text

    answer = signed_in.submit(f"{PAGE}/{customer}/ignoring/removal")

    assert answer.location == f"{PAGE}/ignored"
    session.rollback()
    assert session.scalars(select(IgnoredCustomer)).all() == []
    assert customer in signed_in.get(PAGE).text


def test_clients_are_made_of_all_that_need_no_decision(
    business: Business, signed_in: Visitor, session: Session
) -> None:
    new_client("Harbor Dental", "desk@harbor.example")
    business.customer("Harbor", "desk@harbor.example")
    business.customer("Vela Studio", "hello@vela.example")
    business.customer("Vela Two", "Hello@vela.example")
    business.customer("Nova", "hi@nova.example", price="price_other")
    business.customer("Without address")
    business.customer("Alto", "hi@alto.example")

    assert "Make 3 clients" in text_of(signed_in.get(PAGE))
    words = text_of(signed_in.swap(f"{PAGE}/clients"))

    assert "2 clients are there." in words
    assert sorted(owners(session).values()) == ["Alto", "Vela Studio"]
    assert "Vela Studio has the same email address, but is cus_" in words


def test_the_list_is_paged_and_searched(business: Business, signed_in: Visitor, session: Session) -> None:
    for number in range(27):
        business.customer(f"Client {number:02}", f"{number}@example.com")

    first, second = signed_in.get(PAGE), signed_in.get(f"{PAGE}?page=2")
    found = signed_in.get(f"{PAGE}?q=client+26")

    assert "1 to 25 of 27" in text_of(first)
    assert "26 to 27 of 27" in text_of(second)
    assert "Client 26" in text_of(found)
    assert "Client 25" not in text_of(found)
    assert "Nobody is called that" in text_of(signed_in.get(f"{PAGE}?q=%25"))
    assert f"{PAGE}/clients" in signed_in.get(f"{PAGE}?page=99999999999999").text


def test_a_search_for_more_than_sqlite_can_match_finds_nothing(business: Business, signed_in: Visitor) -> None:
    customer_id = business.customer("Harbor Dental")
    for page in (PAGE, f"{PAGE}/ignored", f"{PAGE}/{customer_id}"):
        answer = signed_in.get(page, query_string={"q": "a" * 60_000})
        assert answer.status_code == 200, page


def test_subscriptions_that_ended_and_other_modes_do_not_count(
    business: Business, signed_in: Visitor, session: Session
) -> None:
    customer = business.customer("Gone", "gone@example.com", status="canceled")
    business.customer("There", "there@example.com")

    assert unlinked_customers.count_customers(session, business.account_id) == 1
    with signed_in.session_transaction() as browser:
        browser["mode"] = "live"
    assert "Stripe is not connected in live mode" in text_of(signed_in.get(PAGE))
    assert signed_in.submit(f"{PAGE}/{customer}/ignoring").status_code == 422


def test_a_viewer_looks_and_does_not_touch(business: Business, viewer: Visitor, session: Session) -> None:
    customer = business.customer("Vela Studio", "hello@vela.example")

    words = text_of(viewer.get(PAGE))
    assert "Vela Studio" in words
    assert "Make a client" not in words
    for path in (f"{customer}/client", f"{customer}/link", f"{customer}/ignoring", "clients"):
        assert viewer.submit(f"{PAGE}/{path}").status_code == 403
    assert viewer.get(f"{PAGE}/{customer}").status_code == 403


def test_hostile_names_are_only_text(business: Business, signed_in: Visitor, session: Session) -> None:
    business.customer("<script>alert(1)</script>", "x@example.com")

    assert "<script>alert(1)" not in signed_in.get(PAGE).text


def archive(client_id: int) -> None:
    with transaction() as session:
        session.get_one(Client, client_id).archived_at = LONG_AGO


def test_a_customer_of_an_archived_client_that_subscribes_again_is_listed(
    business: Business, signed_in: Visitor, session: Session
) -> None:
    """Only its own client can have it back; nobody else can be made of it."""
    harbor, other = new_client("Harbor Dental", "desk@harbor.example"), new_client("Vela Studio")
    customer = business.customer("Harbor Dental Ltd", "desk@harbor.example")
    link_customer(harbor, business.account_id, customer)
    assert customer not in signed_in.get(PAGE).text
    archive(harbor)

    words = text_of(signed_in.get(PAGE))
    assert f"{customer} Active US$29.00 a month Growth" in words
    assert "Harbor Dental is archived, and this is its customer Restore Harbor Dental" in words
    assert "1 customer is ready" not in words
    signed_in.submit(f"{PAGE}/clients")
    refused = "This customer is Harbor Dental, who is archived. Restore Harbor Dental instead."
    assert refused in text_of(signed_in.submit(f"{PAGE}/{customer}/client"))
    assert refused in text_of(signed_in.submit(f"{PAGE}/{customer}/link", {"client_id": str(other)}))

    signed_in.submit(f"{PAGE}/{customer}/link", {"client_id": str(harbor)})
    session.rollback()
    assert session.get_one(Client, harbor, populate_existing=True).archived_at is None
    assert (plan_of(session, harbor), owners(session)) == ("Growth", {customer: "Harbor Dental"})
    assert f"{customer} is Harbor Dental now." in text_of(signed_in.get(PAGE))
    assert customer not in signed_in.get(PAGE).text


def test_a_customer_of_an_archived_client_can_be_left_alone(business: Business, signed_in: Visitor) -> None:
    harbor = new_client("Harbor Dental", "desk@harbor.example")
    customer = business.customer("Harbor Dental Ltd", "desk@harbor.example")
    link_customer(harbor, business.account_id, customer)
    archive(harbor)
    signed_in.submit(f"{PAGE}/{customer}/ignoring")
    assert customer not in signed_in.get(PAGE).text
    assert customer in signed_in.get(f"{PAGE}/ignored").text
