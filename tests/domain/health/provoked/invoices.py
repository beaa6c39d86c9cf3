"""Findings about invoices."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.invoices import lines
from billingportal.domain.sync.object_types import INVOICE
from billingportal.models import Invoice, InvoiceLine
from tests.domain.health.provoked.row import Provoked
from tests.support.health.shops import client_of, refresh, sdk, sell
from tests.support.people.clients import connection
from tests.support.stripe import events
from tests.support.stripe.worlds import World


def sell_with_lines(world: World) -> None:
    """A client with an invoice whose lines were read."""
    sell(world)
    invoice_id = world.session.scalars(select(Invoice.id)).one()
    lines.read_lines(transaction, connection()[1], invoice_id)


def charge_more(world: World, _: pytest.MonkeyPatch) -> None:
    with transaction() as session:
        session.execute(update(InvoiceLine).values(amount_minor=InvoiceLine.amount_minor + 2000))


def void(world: World, _: pytest.MonkeyPatch) -> None:
    with transaction() as session:
        session.execute(update(Invoice).values(status="void"))


def make_draft(world: World) -> str:
    client = client_of(world)
    made = sdk(world).v1.invoices.create(params={"customer": client.customer, "auto_advance": False}).id
    assert made is not None
    refresh(INVOICE, made)
    return made


def leave_draft(world: World, _: pytest.MonkeyPatch) -> None:
    made = make_draft(world)
    with transaction() as session:
        created_at = clock.now() - timedelta(days=4)
        session.execute(update(Invoice).where(Invoice.stripe_invoice_id == made).values(created_at=created_at))


def refuse_draft(world: World, _: pytest.MonkeyPatch) -> None:
    shown = sdk(world).v1.invoices.retrieve(make_draft(world)).to_dict(for_json=True)
    message = events.event("invoice.finalization_failed", shown, created=int(clock.now().timestamp()) + 2)
    assert world.deliver(message) == 200


def finalize(world: World, _: pytest.MonkeyPatch) -> None:
    draft = world.session.scalars(select(Invoice.stripe_invoice_id).where(Invoice.status == "draft")).one()
    sdk(world).v1.invoices.finalize_invoice(draft)
    refresh(INVOICE, draft)


ROWS = (
    Provoked(
        "invoice.amount_differs",
        charge_more,
        "Harbor Dental was charged US$20.00 too much",
        "costs US$29.00. 1 client, 1 invoice, already paid.",
        void,
        sell_with_lines,
    ),
    Provoked("invoice.draft_old", leave_draft, "is a draft since", "is not charged until", finalize, sell),
    Provoked("invoice.finalization_failed", refuse_draft, "cannot finalize", "is not charged", finalize, sell),
)
