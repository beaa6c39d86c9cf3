"""The page of one invoice: who may read it, what it says of every kind of invoice, and how it is shared."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import delete, event, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.models import (
    AuditEntry,
    Client,
    Invoice,
    InvoiceLine,
    InvoiceLinesRead,
    MailSettings,
    OutgoingMail,
    Product,
    Workspace,
)
from billingportal.models.auth.staff import Staff
from tests.support.pages import Visitor, markup_of, text_of
from tests.support.people.billing import link_of, visitor_of
from tests.support.people.clients import Subscribed
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount
from tests.support.stripe.worlds import World
from tests.support.usage.metered import HOUR, Metered, metered

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
HOSTILE = "<script>alert(1)</script>\"'&"
EMAIL = {"host": "mail.example", "port": 587, "security": "starttls", "sender": "billing@northwind.example"}


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def shop(app: Flask, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount) -> Iterator[Metered]:
    with app.app_context():
        yield metered(World(app, sandbox, stripe_account), owner.id)


@pytest.fixture
def one(shop: Metered) -> Subscribed:
    """A client that used 300 replies at 5 cents in the month before."""
    test_clock = shop.clock()
    one = shop.subscribe(shop.plan("AI replies", unit_amount=5), "Harbor", test_clock)
    starts, ends = shop.period_of(one)
    shop.advance(test_clock, starts + 2 * HOUR, [one])
    shop.use(one, "Harbor", {"front": 200, "web": 100}, starts + HOUR)
    shop.advance(test_clock, ends + 2 * HOUR, [one])
    return one


@pytest.fixture
def invoice(shop: Metered, one: Subscribed) -> str:
    return shop.read_invoices(one)[-1].stripe_invoice_id


def staff_path(one: Subscribed, invoice: str) -> str:
    return f"/saas/clients/{one.client_id}/invoices/{invoice}"


def own_path(invoice: str) -> str:
    return f"/portal/billing/invoices/{invoice}"


def change(invoice: str, **values: object) -> None:
    with transaction() as session:
        row = session.scalars(select(Invoice).where(Invoice.stripe_invoice_id == invoice)).one()
        for name, value in values.items():
            setattr(row, name, value)


def test_both_lists_lead_to_the_question(app: Flask, signed_in: Visitor, one: Subscribed, invoice: str) -> None:
    assert staff_path(one, invoice) in markup_of(signed_in.get(f"/saas/clients/{one.client_id}"))
    assert staff_path(one, invoice) in markup_of(signed_in.get(f"/saas/clients/{one.client_id}/invoices"))
    assert own_path(invoice) in markup_of(visitor_of(app, one.client_id).get("/portal/billing"))


def test_staff_compare_and_the_client_sees_the_arithmetic_alone(
    app: Flask, signed_in: Visitor, viewer: Visitor, one: Subscribed, invoice: str
) -> None:
    words = text_of(signed_in.get(staff_path(one, invoice)))
    assert "Why US$15.00?" in words
    assert "Equal: Stripe charged what was used" in words
    assert "Stripe US$15.00 · here US$15.00 · 300 units on both sides" in words
    assert "Front 200 units 67% US$10.00" in words
    assert "Send to client" in words
    assert "Send to client" not in text_of(viewer.get(staff_path(one, invoice)))

    own = text_of(visitor_of(app, one.client_id).get(own_path(invoice)))
    assert "Why US$15.00?" in own
    assert "Web 100 units 33% US$5.00" in own
    assert "Equal" not in own
    assert "Stripe US$15.00" not in own


def test_the_door_is_closed_to_strangers_and_to_other_clients(
    app: Flask, client: Visitor, viewer: Visitor, shop: Metered, one: Subscribed, invoice: str
) -> None:
    other = shop.subscribe(shop.plan("Other", unit_amount=7), "Bloom", shop.clock())
    assert viewer.get(staff_path(other, invoice)).status_code == 404
    assert viewer.get(staff_path(one, "in_nothing")).status_code == 404
    assert visitor_of(app, other.client_id).get(own_path(invoice)).status_code == 404
    assert client.get(own_path(invoice)).status_code == 401
    assert client.get(staff_path(one, invoice)).status_code in (302, 303, 401)
    assert visitor_of(app, one.client_id).get(staff_path(one, invoice)).status_code in (302, 303, 401)
    assert viewer.get(f"{staff_path(one, invoice)}/links/new").status_code == 403
    assert viewer.submit(f"{staff_path(one, invoice)}/links").status_code == 403
    assert viewer.submit(f"{staff_path(one, invoice)}/emails").status_code == 403


def test_lines_that_were_never_read_are_read_when_somebody_looks(
    shop: Metered, signed_in: Visitor, one: Subscribed, invoice: str
) -> None:
    forget_lines()
    shop.world.forget_asked()
    assert "Equal: Stripe charged what was used" in text_of(signed_in.get(staff_path(one, invoice)))
    assert shop.world.asked() == [f"GET /v1/invoices/{invoice}/lines"]
    signed_in.get(staff_path(one, invoice))
    assert len(shop.world.asked()) == 1


def test_while_stripe_is_away_the_page_says_so_and_asks_once(
    app: Flask, shop: Metered, signed_in: Visitor, one: Subscribed, invoice: str
) -> None:
    forget_lines()
    shop.world.sandbox.control("faults", kind="500", path_prefix="/v1/invoices/")
    shop.world.forget_asked()
    words = text_of(signed_in.get(staff_path(one, invoice)))
    assert "Why US$15.00?" in words
    assert "Stripe does not answer right now. The lines are read as soon as it does." in words
    assert "Equal" not in words
    asked = len(shop.world.asked())
    own = text_of(visitor_of(app, one.client_id).get(own_path(invoice)))
    assert "They will be here within some minutes." in own
    assert len(shop.world.asked()) == asked


def forget_lines() -> None:
    with transaction() as session:
        session.execute(delete(InvoiceLine))
        session.execute(delete(InvoiceLinesRead))


def test_drafts_and_deleted_drafts_are_for_staff_alone(
    app: Flask, signed_in: Visitor, one: Subscribed, invoice: str
) -> None:
    own = visitor_of(app, one.client_id)
    change(invoice, status="draft", automatically_finalizes_at=clock.now() + timedelta(hours=1))
    words = text_of(signed_in.get(staff_path(one, invoice)))
    assert "This is a draft" in words
    assert "use reported until then counts" in words
    assert "Send to client" not in words
    assert own.get(own_path(invoice)).status_code == 404
    assert signed_in.get(f"{staff_path(one, invoice)}/links/new").status_code == 409

    change(invoice, deleted_at=clock.now())
    assert "This draft was deleted" in text_of(signed_in.get(staff_path(one, invoice)))
    assert own.get(own_path(invoice)).status_code == 404


def test_void_and_zero_invoices_say_that_nothing_is_to_be_paid(
    app: Flask, signed_in: Visitor, one: Subscribed, invoice: str
) -> None:
    change(invoice, status="void")
    assert "This invoice is void Nothing is to be paid for it." in text_of(signed_in.get(staff_path(one, invoice)))
    assert "This invoice is void" in text_of(visitor_of(app, one.client_id).get(own_path(invoice)))

    change(invoice, status="paid", total_minor=0)
    words = text_of(signed_in.get(staff_path(one, invoice)))
    assert "Why US$0.00?" in words
    assert "Nothing to pay" in words
    assert "come to the total" in words


def test_what_the_balance_paid_follows_the_total(signed_in: Visitor, one: Subscribed, invoice: str) -> None:
    change(invoice, amount_due_minor=1000)
    assert "From the balance -US$5.00" in text_of(signed_in.get(staff_path(one, invoice)))
    change(invoice, amount_due_minor=1700)
    assert "Added to the balance US$2.00" in text_of(signed_in.get(staff_path(one, invoice)))


def test_hostile_names_stay_text(
    app: Flask, signed_in: Visitor, one: Subscribed, invoice: str, session: Session
) -> None:
    with transaction() as writing:
        writing.get_one(Client, one.client_id).name = HOSTILE
        for row in (*writing.scalars(select(Workspace)), *writing.scalars(select(Product))):
            row.name = HOSTILE
    for response in (
        signed_in.get(staff_path(one, invoice)),
        visitor_of(app, one.client_id).get(own_path(invoice)),
        signed_in.get(f"{staff_path(one, invoice)}/links/new"),
    ):
        assert response.status_code == 200
        assert "<script>alert" not in markup_of(response)


def test_a_link_leads_to_the_invoice_and_is_written_down(
    app: Flask, signed_in: Visitor, one: Subscribed, invoice: str, session: Session
) -> None:
    markup = markup_of(signed_in.submit(f"{staff_path(one, invoice)}/links"))
    address = urlsplit(markup.split('data-copy="')[1].split('"')[0])
    visitor = app.test_client()
    answer = visitor.get(f"{address.path}?{address.query}")
    assert (answer.status_code, answer.location) == (303, own_path(invoice))
    assert "Why US$15.00?" in text_of(visitor.get(answer.location))
    session.rollback()
    summaries = session.scalars(select(AuditEntry.summary)).all()
    assert any("Made a billing link to invoice" in summary for summary in summaries)


@pytest.mark.parametrize("query", ["?invoice=//evil.example", "?invoice=in_1/../..", "?invoice=", "?invoice=%0d%0a"])
def test_a_link_leads_nowhere_else(app: Flask, client: Visitor, one: Subscribed, query: str) -> None:
    answer = client.get(link_of(app, one.client_id) + query)
    assert (answer.status_code, answer.location) == (303, "/portal/billing")


def test_the_email_is_written_once_and_only_where_emails_are_on(
    signed_in: Visitor, one: Subscribed, invoice: str, session: Session
) -> None:
    assert signed_in.submit(f"{staff_path(one, invoice)}/emails").status_code == 409
    with transaction() as writing:
        writing.merge(MailSettings(id=1, is_on=True, updated_at=clock.now(), **EMAIL))
    assert "Email the invoice" in text_of(signed_in.get(f"{staff_path(one, invoice)}/links/new"))
    for _ in range(2):
        assert signed_in.submit(f"{staff_path(one, invoice)}/emails").status_code in (302, 303)
    session.rollback()
    (mail,) = session.scalars(select(OutgoingMail).where(OutgoingMail.kind == "explained_invoice"))
    assert f"{{billing link}}?invoice={invoice}" in mail.body


def test_the_page_takes_the_same_few_queries_for_any_number_of_workspaces_and_lines(
    app: Flask, signed_in: Visitor, one: Subscribed, invoice: str
) -> None:
    before = queries_of(app, signed_in, staff_path(one, invoice))
    with transaction() as session:
        row = session.scalars(select(InvoiceLine)).one()
        values = {
            column.key: getattr(row, column.key) for column in InvoiceLine.__table__.columns if column.key != "id"
        }
        values |= {"stripe_price_id": None, "stripe_subscription_item_id": None, "amount_minor": 0}
        session.add_all(InvoiceLine(**{**values, "stripe_line_id": f"il_{number}"}) for number in range(300))
    assert queries_of(app, signed_in, staff_path(one, invoice)) == before < 45
    words = text_of(signed_in.get(staff_path(one, invoice)))
    assert "300 single amounts and prorations are listed here only." in words
    assert markup_of(signed_in.get(staff_path(one, invoice))).count('aria-label="Line ') == 1


def queries_of(app: Flask, visitor: Visitor, path: str) -> int:
    seen: list[object] = []
    with app.app_context():
        engine = db.engine

    def count(*given: object) -> None:
        seen.append(given[2])

    event.listen(engine, "before_cursor_execute", count)
    try:
        assert visitor.get(path).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", count)
    return len(seen)
