"""Disputes and refunds in words, at the invoices that they are about and at the client."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.invoices import disputes
from billingportal.domain.invoices.dispute_text import of_dispute
from billingportal.models import Client, ClientCustomer, Dispute, Invoice, InvoicePayment, Refund
from billingportal.models.stripe_objects.stripe_row import StripeRow
from tests.support.catalog.plans import LONG_AGO, add_account
from tests.support.stripe.worlds import World


@pytest.fixture
def account_id(session: Session) -> int:
    with transaction() as writing:
        return add_account(writing).id


def add(model: type[StripeRow], account_id: int, **given: Any) -> None:
    """A row of Stripe's, in a transaction of its own."""
    with transaction() as writing:
        common = {"processor_account_id": account_id, "as_of": LONG_AGO, "created_at": LONG_AGO, "currency": "usd"}
        writing.add(model(**{**common, **given}))


def add_payment(account_id: int, name: str, paid: int = 4900, **given: Any) -> None:
    """A payment of the invoice in_<name>, by the payment intent pi_<name> unless another key is given."""
    keys = given or {"stripe_payment_intent_id": f"pi_{name}"}
    row = {"stripe_invoice_payment_id": f"inpay_{name}", "stripe_invoice_id": f"in_{name}", **keys}
    add(InvoicePayment, account_id, amount_paid_minor=paid, status="paid", is_default=True, **row)


def add_refund(account_id: int, number: int, amount: int, status: str, **given: Any) -> None:
    row = {"stripe_refund_id": f"re_{number}", "stripe_payment_intent_id": "pi_a", **given}
    add(Refund, account_id, amount_minor=amount, status=status, **row)


def add_dispute(account_id: int, status: str, **given: Any) -> None:
    row = {"stripe_dispute_id": f"dp_{status}", "stripe_payment_intent_id": "pi_a", "stripe_charge_id": "ch_a", **given}
    add(Dispute, account_id, amount_minor=4900, status=status, reason="fraudulent", **row)


def told(session: Session, account_id: int, *names: str) -> dict[str, list[str]]:
    session.rollback()
    found = disputes.of_invoices(session, account_id, [f"in_{name}" for name in names])
    return {invoice_id: [f"{one.severity}: {one.words}" for one in troubles] for invoice_id, troubles in found.items()}


def test_a_sound_invoice_is_left_out(session: Session, account_id: int) -> None:
    add_payment(account_id, "a")

    assert told(session, account_id, "a", "b") == {}
    assert disputes.of_invoices(session, account_id, []) == {}


@pytest.mark.parametrize(
    ("refunds", "words"),
    [
        ([(4900, "succeeded")], ["mute: Refunded in full"]),
        ([(4000, "succeeded"), (900, "succeeded")], ["mute: Refunded in full"]),
        ([(500, "succeeded")], ["info: Refunded US$5.00 of US$49.00"]),
        (
            [(500, "succeeded"), (700, "pending")],
            ["info: Refunded US$5.00 of US$49.00", "info: A refund of US$7.00 is"],
        ),
        ([(500, "failed")], ["bad: A refund of US$5.00 failed: the card was reported lost or stolen"]),
        ([(4900, "failed"), (4900, "succeeded")], ["mute: Refunded in full"]),
        ([(500, "canceled")], []),
    ],
)
def test_refunds_come_to_what_they_gave_back(
    session: Session, account_id: int, refunds: list[tuple[int, str]], words: list[str]
) -> None:
    add_payment(account_id, "a")
    add_payment(account_id, "b")
    for number, (amount, status) in enumerate(refunds):
        why = "lost_or_stolen_card" if status == "failed" else None
        add_refund(account_id, number, amount, status, failure_reason=why)

    found = told(session, account_id, "a", "b").get("in_a", [])

    assert len(found) == len(words)
    assert all(one.startswith(expected) for one, expected in zip(found, words, strict=True))


def test_a_payment_without_an_intent_is_found_by_its_charge(session: Session, account_id: int) -> None:
    add_payment(account_id, "a", stripe_charge_id="ch_a")
    add_payment(account_id, "b", stripe_charge_id="ch_b")
    add_refund(account_id, 1, 4900, "succeeded", stripe_payment_intent_id=None, stripe_charge_id="ch_a")

    assert told(session, account_id, "a", "b") == {"in_a": ["mute: Refunded in full"]}


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        ("needs_response", "bad", "Disputed: the bank asks, answer in Stripe by 12 December 2026"),
        ("warning_needs_response", "bad", "Disputed: the bank asks, answer in Stripe by 12 December 2026"),
        ("under_review", "warn", "Disputed: the bank looks at your answer"),
        ("warning_under_review", "warn", "Disputed: the bank looks at your answer"),
        ("won", "mute", "Dispute won"),
        ("lost", "bad", "Dispute lost: the bank gave US$49.00 back"),
        ("warning_closed", "mute", "Dispute closed"),
        ("prevented", "mute", "Dispute closed"),
    ],
)
def test_every_state_of_a_dispute_has_its_words(
    session: Session, account_id: int, status: str, kind: str, words: str
) -> None:
    add_payment(account_id, "a")
    add_dispute(account_id, status, answer_due_at=datetime(2026, 12, 12, tzinfo=UTC))

    assert told(session, account_id, "a") == {"in_a": [f"{kind}: {words}"]}


def test_where_the_bank_takes_no_answer_no_day_is_named() -> None:
    dispute = Dispute(status="needs_response", amount_minor=1, currency="usd", answer_due_at=None)

    assert of_dispute(dispute).words == "Disputed: the bank asks, answer in Stripe"


def test_the_client_is_told_with_the_number_of_the_invoice(session: Session, account_id: int) -> None:
    add_payment(account_id, "a")
    add_payment(account_id, "b")
    add_dispute(account_id, "needs_response")
    add_refund(account_id, 1, 900, "succeeded", stripe_payment_intent_id="pi_b")
    for name, customer in (("a", "cus_1"), ("b", "cus_1"), ("c", "cus_2")):
        add_invoice(account_id, name, customer)
    with transaction() as writing:
        client = Client(
            mode="test",
            name="Harbor",
            email="a@b.example",
            canonical_email="a@b.example",
            source="staff",
            created_at=LONG_AGO,
        )
        writing.add(client)
        writing.flush()
        link = {"stripe_customer_id": "cus_1", "processor_account_id": account_id, "linked_at": LONG_AGO}
        writing.add(ClientCustomer(client_id=client.id, **link))
        client_id = client.id

    session.rollback()
    found = disputes.of_client(session, session.get_one(Client, client_id))

    assert sorted(one.words for one in found) == [
        "HD-a: Disputed: the bank asks, answer in Stripe",
        "HD-b: Refunded US$9.00 of US$49.00",
    ]


def add_invoice(account_id: int, name: str, customer: str) -> None:
    amounts = ("subtotal", "total", "amount_due", "amount_paid", "amount_remaining")
    add(
        Invoice,
        account_id,
        stripe_invoice_id=f"in_{name}",
        stripe_customer_id=customer,
        number=f"HD-{name}",
        status="paid",
        collection_method="charge_automatically",
        attempt_count=1,
        labels={},
        sold=[],
        **{f"{amount}_minor": 4900 for amount in amounts},
    )


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_happens_at_the_bank_is_told_as_soon_as_its_event_is_read(world: World) -> None:
    world.connect()
    world.shop().open()
    world.work()
    world.read_events()
    stripe = world.sandbox.client(world.stripe_account.test_key).v1
    (invoice,) = stripe.invoices.list().data
    (payment,) = stripe.invoice_payments.list(params={"invoice": str(invoice.id)}).data
    account = {"account": world.stripe_account.id, "mode": "test"}

    refund = stripe.refunds.create(params={"payment_intent": str(payment.payment.payment_intent), "amount": 100})
    assert troubles(world, str(invoice.id))[0].startswith("Refunded €1.00 of")
    world.sandbox.control("refunds/fail", **account, refund=refund.id)
    assert troubles(world, str(invoice.id))[0].startswith("A refund of €1.00 failed")
    for status, words in (
        ("needs_response", "Disputed: the bank asks, answer in Stripe by"),
        ("under_review", "Disputed: the bank looks at your answer"),
        ("won", "Dispute won"),
    ):
        world.sandbox.control("disputes", **account, invoice=invoice.id, status=status)
        assert troubles(world, str(invoice.id))[0].startswith(words)
    world.assert_in_step()


def troubles(world: World, invoice_id: str) -> list[str]:
    """What is told of the invoice once the events have been read."""
    world.read_events()
    found = disputes.of_invoices(world.session, world.row().id, [invoice_id])
    return [one.words for one in found.get(invoice_id, [])]
