"""Plans, and the rows of a Stripe account that they are linked to, written straight into the database."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.entitlements import evaluation
from billingportal.domain.plans import lifecycle as plan_lifecycle
from billingportal.domain.plans import plans
from billingportal.domain.plans.plans import Saving
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import PlanTerms
from billingportal.models import (
    Client,
    ClientCustomer,
    Invoice,
    Meter,
    Plan,
    Price,
    ProcessorAccount,
    Product,
    Resource,
    Subscription,
    SubscriptionItem,
)
from billingportal.models.connection.processor_account import Mode
from billingportal.models.plans.quota_change import AppliesTo

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def add_account(session: Session, mode: Mode = "test") -> ProcessorAccount:
    """A connected account."""
    account = ProcessorAccount(stripe_account_id=f"acct_{mode}", mode=mode, state="connected", name="Harbor Dental")
    session.add(account)
    session.flush()
    session.add(
        Product(
            processor_account_id=account.id,
            as_of=LONG_AGO,
            stripe_product_id="prod_1",
            name="Growth",
            active=True,
            labels={},
            created_at=LONG_AGO,
        )
    )
    session.add(
        Meter(
            processor_account_id=account.id,
            as_of=LONG_AGO,
            stripe_meter_id="mtr_1",
            display_name="Contacts",
            event_name="contacts",
            status="active",
            aggregation="last",
            customer_payload_key="stripe_customer_id",
            value_payload_key="value",
            event_time_window=None,
            created_at=LONG_AGO,
        )
    )
    session.flush()
    return account


def add_price(session: Session, account: ProcessorAccount, price_id: str, **given: Any) -> Price:
    """A price of US$29.00 a month, except for what is given."""
    values: dict[str, Any] = {
        "stripe_product_id": "prod_1",
        "active": True,
        "currency": "usd",
        "type": "recurring",
        "billing_scheme": "per_unit",
        "unit_amount_decimal": Decimal(2900),
        "is_custom_amount": False,
        "interval": "month",
        "interval_count": 1,
        "usage_type": "licensed",
        "currency_options": {},
        "labels": {},
        "created_at": LONG_AGO,
        "as_of": LONG_AGO,
    }
    price = Price(processor_account_id=account.id, stripe_price_id=price_id, **{**values, **given})
    session.add(price)
    session.flush()
    return price


def add_metered(session: Session, account: ProcessorAccount, price_id: str, **given: Any) -> Price:
    return add_price(session, account, price_id, usage_type="metered", stripe_meter_id="mtr_1", **given)


def add_subscription(
    session: Session, account: ProcessorAccount, customer: str, price_id: str, status: str = "active", **given: Any
) -> Subscription:
    """A client who pays a price, since `started_at` and in a period since `period_started_at`.

    With `is_known=False` the customer belongs to no client. What a client is entitled to, `evaluate_everybody` works
    out.
    """
    started_at = given.get("started_at", LONG_AGO)
    subscription = Subscription(
        processor_account_id=account.id,
        as_of=LONG_AGO,
        stripe_subscription_id=f"sub_{customer}_{price_id}",
        stripe_customer_id=customer,
        status=status,
        currency="usd",
        collection_method="charge_automatically",
        cancel_at_period_end=False,
        started_at=started_at,
        labels={},
        created_at=started_at,
        latest_stripe_invoice_id=f"in_{customer}_{price_id}",
    )
    session.add(subscription)
    session.flush()
    add_paid_invoice(session, subscription, price_id)
    if given.get("is_known", True):
        add_client_of(session, account, customer)
    session.add(
        SubscriptionItem(
            subscription_id=subscription.id,
            stripe_subscription_item_id=f"si_{customer}",
            stripe_price_id=price_id,
            stripe_product_id="prod_1",
            quantity=1,
            period_started_at=given.get("period_started_at", started_at),
            period_ends_at=datetime(2030, 1, 1, tzinfo=UTC),
        )
    )
    session.flush()
    return subscription


def add_paid_invoice(session: Session, subscription: Subscription, price_id: str) -> None:
    """The latest invoice of a subscription, paid: it charged for one of a price."""
    amounts = {f"{name}_minor": 2900 for name in ("subtotal", "total", "amount_due", "amount_paid")}
    session.add(
        Invoice(
            processor_account_id=subscription.processor_account_id,
            as_of=LONG_AGO,
            stripe_invoice_id=subscription.latest_stripe_invoice_id,
            stripe_customer_id=subscription.stripe_customer_id,
            stripe_subscription_id=subscription.stripe_subscription_id,
            status="paid",
            collection_method="charge_automatically",
            currency="usd",
            amount_remaining_minor=0,
            attempt_count=1,
            sold=[{"price": price_id, "quantity": 1}],
            labels={},
            created_at=LONG_AGO,
            **amounts,
        )
    )


def add_client_of(session: Session, account: ProcessorAccount, customer: str) -> None:
    """The client that a customer is, made at the customer's first subscription."""
    known = select(ClientCustomer.id).where(ClientCustomer.stripe_customer_id == customer)
    if session.scalar(known) is not None:
        return
    email = f"{customer}@example.com".lower()
    client = Client(
        mode=account.mode, name=customer, email=email, canonical_email=email, source="staff", created_at=LONG_AGO
    )
    session.add(client)
    session.flush()
    session.add(
        ClientCustomer(
            client_id=client.id, processor_account_id=account.id, stripe_customer_id=customer, linked_at=LONG_AGO
        )
    )
    session.flush()


def evaluate_everybody() -> None:
    """Work out what each client is entitled to, as the worker does."""
    with transaction() as session:
        for client_id in session.scalars(select(Client.id)).all():
            evaluation.evaluate(session, client_id)


def resource_id(session: Session, key: str) -> int:
    return session.scalars(select(Resource.id).where(Resource.key == key)).one()


def new_plan(
    staff_id: int,
    name: str = "Growth",
    *,
    account_id: int | None = None,
    links: list[Link] | None = None,
    is_active: bool = False,
    **terms: Any,
) -> int:
    """A plan, saved in a transaction of its own; its id."""
    with transaction() as session:
        saving = Saving(PlanTerms(name, **terms), account_id, links or [])
        plan = plans.create_plan(session, saving, staff_id=staff_id)
        if is_active:
            plan_lifecycle.activate_plan(session, plan.id, staff_id=staff_id, sells_free=True)
        return plan.id


def change_plan(
    staff_id: int, plan_id: int, applies_to: AppliesTo | None = None, revision: int | None = None, **terms: Any
) -> None:
    """Save the plan with other terms; its prices stay as they are only if the account is left out."""
    with transaction() as session:
        plan = session.get_one(Plan, plan_id)
        saving = Saving(PlanTerms(**{"name": plan.name, **terms}), None, [], applies_to)
        plans.update_plan(session, plan_id, saving, revision=revision or plan.revision, staff_id=staff_id)
