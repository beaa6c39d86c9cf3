"""Fetches objects that clients' rows refer to and that no event or listing of Stripe's gave: cards, clocks, invoices.

A card that existed before the account was connected, or whose event is too old to be read again, has to be fetched by
id. So has an invoice that is still a draft, where it decides what is paid for.
"""

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from billingportal.db import Transaction
from billingportal.domain.subscriptions.status import ENDED_STATUSES
from billingportal.domain.sync import failed_reads
from billingportal.domain.sync.object_types import INVOICE, PAYMENT_METHOD, TEST_CLOCK, ObjectType
from billingportal.models import (
    ClientCustomer,
    Customer,
    Entitlement,
    Invoice,
    PaymentMethod,
    Subscription,
    TestClock,
)
from billingportal.models.stripe_objects.payment_method import SOURCE_PREFIXES
from billingportal.stripe_gateway.gateway import StripeGateway

BATCH = 50


def fetch_missing(transaction: Transaction, gateway: StripeGateway, processor_account_id: int) -> int:
    """Fetch a batch of missing objects. Returns how many were requested. Raises a StripeProblem.

    Objects that could not be read are noted, and left to their next turn.
    """
    with transaction() as session:
        missing = missing_ids(session, processor_account_id)
        noted = {kind: failed_reads.noted_ids(session, processor_account_id, kind.name) for kind, _ in missing}
    wanted = [(kind, object_id) for kind, object_id in missing if object_id not in noted[kind]]
    failed_reads.read_each(transaction, gateway, processor_account_id, wanted)
    return len(wanted)


def missing_ids(session: Session, processor_account_id: int) -> list[tuple[ObjectType, str]]:
    """A batch of payment methods, test clocks and invoices that clients have and that are not stored."""
    cards = [name for query in CARDS for name in session.scalars(query, {"account_id": processor_account_id}) if name]
    clocks = [name for name in session.scalars(CLOCKS, {"account_id": processor_account_id}) if name]
    invoices = [name for name in session.scalars(INVOICES, {"account_id": processor_account_id}) if name]
    return [
        *((PAYMENT_METHOD, name) for name in dict.fromkeys(cards)),
        *((TEST_CLOCK, name) for name in clocks),
        *((INVOICE, name) for name in invoices),
    ]


def customers_of_clients() -> Select[str | None]:
    return (
        select(Customer.default_stripe_payment_method_id)
        .join(
            ClientCustomer,
            and_(
                ClientCustomer.processor_account_id == Customer.processor_account_id,
                ClientCustomer.stripe_customer_id == Customer.stripe_customer_id,
            ),
        )
        .where(Customer.processor_account_id == bindparam("account_id"), Customer.deleted_at.is_(None))
        .limit(BATCH)
    )


def has_no_row(name: InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    """Whether the payment method that a row names is not stored. Legacy sources never are."""
    there = exists().where(
        PaymentMethod.processor_account_id == bindparam("account_id"), PaymentMethod.stripe_payment_method_id == name
    )
    sources = [name.startswith(prefix, autoescape=True) for prefix in SOURCE_PREFIXES]
    return and_(name.is_not(None), ~there, ~or_(*sources))


CARDS = (
    customers_of_clients().where(has_no_row(Customer.default_stripe_payment_method_id)),
    customers_of_clients()
    .with_only_columns(Subscription.default_stripe_payment_method_id)
    .join(
        Subscription,
        and_(
            Subscription.processor_account_id == Customer.processor_account_id,
            Subscription.stripe_customer_id == Customer.stripe_customer_id,
            Subscription.status.not_in(ENDED_STATUSES),
        ),
    )
    .where(has_no_row(Subscription.default_stripe_payment_method_id)),
)
CLOCKS = (
    customers_of_clients()
    .with_only_columns(Customer.stripe_test_clock_id)
    .distinct()
    .where(
        Customer.stripe_test_clock_id.is_not(None),
        ~exists().where(
            TestClock.processor_account_id == bindparam("account_id"),
            TestClock.stripe_test_clock_id == Customer.stripe_test_clock_id,
        ),
    )
)
INVOICES = (
    select(Entitlement.unread_stripe_invoice_id)
    .where(
        Entitlement.processor_account_id == bindparam("account_id"),
        Entitlement.unread_stripe_invoice_id.is_not(None),
        ~exists().where(
            Invoice.processor_account_id == bindparam("account_id"),
            Invoice.stripe_invoice_id == Entitlement.unread_stripe_invoice_id,
        ),
    )
    .limit(BATCH)
)
