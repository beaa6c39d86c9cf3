"""The first payment, renewal and metered invoice after the switch: seen, and compared to the cent."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.go_live.first_week import FirstTime, first_week
from billingportal.domain.plans.price_links import Link
from billingportal.models import Invoice, InvoiceLine, ProcessorAccount
from billingportal.models.auth.staff import Staff
from billingportal.money import Money
from tests.support.catalog.plans import (
    add_account,
    add_client_of,
    add_metered,
    add_price,
    add_subscription,
    new_plan,
    resource_id,
)

SINCE = clock.now() - timedelta(days=7)
AMOUNTS = ("subtotal_minor", "total_minor", "amount_due_minor", "amount_paid_minor")


@pytest.fixture
def account_id(session: Session, owner: Staff) -> int:
    """A live account whose price is 29.00 a month, and 0.02 for each unit, and a plan that bills contacts."""
    with transaction() as writing:
        account = add_account(writing, "live")
        add_price(writing, account, "price_flat")
        own_meter = {"usage_type": "metered", "stripe_meter_id": "mtr_2"}
        add_price(writing, account, "price_use", unit_amount_decimal=Decimal(2), **own_meter)
        add_metered(writing, account, "price_contacts")
        add_client_of(writing, account, "cus_1")
        account_id = account.id
    links = [Link("price_flat", "flat"), Link("price_contacts", "usage", resource_id(session, "contacts"))]
    new_plan(owner.id, account_id=account_id, links=links, is_active=True)
    return account_id


def add_invoice(account_id: int, name: str, total: int, *lines: dict[str, Any], **given: Any) -> None:
    """A paid invoice of today, with these lines."""
    moment = clock.now() - timedelta(hours=1)
    values = {
        "status": "paid",
        "billing_reason": "subscription_create",
        "collection_method": "charge_automatically",
        "currency": "usd",
        "amount_remaining_minor": 0,
        "attempt_count": 1,
        "created_at": moment,
        "finalized_at": moment,
        "paid_at": moment,
        "sold": [],
        "labels": {},
        "as_of": moment,
        **dict.fromkeys(AMOUNTS, total),
        **given,
    }
    with transaction() as session:
        row = Invoice(processor_account_id=account_id, stripe_invoice_id=name, stripe_customer_id="cus_1", **values)
        session.add(row)
        session.flush()
        for place, line in enumerate(lines):
            session.add(InvoiceLine(invoice_id=row.id, **{**line_of(name, place), **line}))


def line_of(name: str, place: int) -> dict[str, Any]:
    moment = clock.now()
    return {
        "stripe_line_id": f"il_{name}_{place}",
        "position": place,
        "description": "Growth",
        "quantity": Decimal(1),
        "stripe_subscription_item_id": f"si_{place}",
        "starts_at": moment - timedelta(days=30),
        "ends_at": moment,
    }


def flat(amount: int) -> dict[str, Any]:
    return {"stripe_price_id": "price_flat", "amount_minor": amount, "unit_amount": Decimal(2900)}


def use(amount: int, units: int) -> dict[str, Any]:
    return {
        "stripe_price_id": "price_use",
        "amount_minor": amount,
        "quantity": Decimal(units),
        "unit_amount": Decimal(2),
    }


def seen(session: Session, moment: str) -> FirstTime:
    session.rollback()
    return next(one for one in first_week(session, SINCE) if one.moment == moment)


def test_each_first_time_is_seen_and_equal_to_the_cent(session: Session, account_id: int) -> None:
    assert {one.state for one in first_week(session, SINCE)} == {"expected"}
    add_invoice(account_id, "in_old", 100, flat(100), created_at=SINCE - timedelta(days=1))
    add_invoice(account_id, "in_1", 2900, flat(2900))
    add_invoice(account_id, "in_2", 3124, flat(2900), use(224, 112), billing_reason="subscription_cycle")
    payment, metered, renewal = first_week(session, SINCE)
    assert (payment.state, payment.charged, payment.expected) == ("equal", Money(2900, "usd"), Money(2900, "usd"))
    assert payment.client is not None
    assert payment.client.name == "cus_1"
    assert (metered.state, metered.charged) == ("equal", Money(3124, "usd"))
    assert renewal.invoice is not None
    assert (renewal.state, renewal.invoice.stripe_invoice_id) == ("equal", "in_2")


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_cent_too_much_differs_also_where_two_lines_make_up_for_each_other(session: Session, account_id: int) -> None:
    add_invoice(account_id, "in_1", 2901, flat(2901))
    payment = seen(session, "payment")
    assert (payment.state, payment.charged, payment.expected) == ("differs", Money(2901, "usd"), Money(2900, "usd"))
    add_invoice(account_id, "in_2", 3124, flat(2899), use(225, 112), billing_reason="subscription_cycle")
    assert seen(session, "renewal").state == "differs"


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_use_that_is_charged_and_was_not_counted_differs(session: Session, account_id: int) -> None:
    contacts = {**use(2900, 1), "stripe_price_id": "price_contacts", "unit_amount": Decimal(2900)}
    add_invoice(account_id, "in_1", 2900, contacts)
    metered = seen(session, "metered")
    assert (metered.state, metered.charged, metered.expected) == ("differs", Money(2900, "usd"), Money(0, "usd"))


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_cannot_be_compared_is_not_called_equal(session: Session, account_id: int) -> None:
    add_invoice(account_id, "in_1", 2900)
    assert seen(session, "payment").state == "unread"
    one_off = {"amount_minor": 500, "stripe_price_id": None, "stripe_subscription_item_id": None}
    add_invoice(account_id, "in_2", 3400, flat(2900), one_off, billing_reason="subscription_cycle")
    assert seen(session, "renewal").state == "not_comparable"


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_renewal_is_expected_at_the_end_of_the_first_period(session: Session, account_id: int) -> None:
    with transaction() as writing:
        add_subscription(writing, writing.get_one(ProcessorAccount, account_id), "cus_1", "price_flat")
    expected = seen(session, "renewal")
    assert expected.at is not None
    assert expected.client is not None
    assert (expected.state, expected.at.year, expected.client.name) == ("expected", 2030, "cus_1")
    assert seen(session, "metered").at is None
