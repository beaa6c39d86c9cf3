"""What happened to a client, in one order, page by page."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.clients import timeline
from billingportal.domain.clients.timeline import Cursor
from billingportal.domain.common import audit
from billingportal.models import AuditEntry, ClientCustomer, Invoice
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import add_account, add_subscription

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def link(session: Session, owner: Staff) -> ClientCustomer:
    """A client with an invoice that was made and paid in the same second, and thirty entries about it."""
    with transaction() as writing:
        account = add_account(writing)
        add_subscription(writing, account, "cus_1", "price_1")
        invoice = writing.scalars(select(Invoice)).one()
        invoice.number, invoice.finalized_at, invoice.paid_at = "X-1", START, START
        link = writing.scalars(select(ClientCustomer)).one()
        for number in range(30):
            summary = f"Did {number}. Because {number}"
            entry = audit.record_act(
                writing, audit.Act("client.changed", summary, staff_id=owner.id, subject=("client", link.client_id))
            )
            entry.recorded_at = START + timedelta(seconds=(number - 15) // 4)
    session.rollback()
    return link


def test_every_happening_is_told_once_in_order(session: Session, link: ClientCustomer) -> None:
    before, told = None, []
    while True:
        happenings, before = timeline.timeline_page(session, link.client_id, link, before)
        told += happenings
        if before is None:
            break
        before = Cursor.of_text(str(before))

    titles = [one.title for one in told]
    assert len(titles) == len(set(titles)) == 32
    assert {"Invoice X-1 was paid", "Invoice X-1 was made"} <= set(titles)
    assert [one.at for one in told] == sorted((one.at for one in told), reverse=True)
    assert (told[0].title, told[0].text, told[0].who) == ("Did 29", "Because 29", "By Mara Owner")


def test_another_clients_happenings_are_not_told(session: Session, link: ClientCustomer) -> None:
    assert timeline.timeline_page(session, link.client_id + 1, None) == ([], None)
    assert session.scalar(select(AuditEntry.id).limit(1))


@pytest.mark.parametrize(
    "text", ["", "1", "1-audit-2", "1.2-audit", "1.2-nothing-3", "x.2-audit-3", "1.2-audit--3", "9" * 40]
)
def test_what_is_no_cursor_leads_nowhere(text: str) -> None:
    assert Cursor.of_text(text) is None
