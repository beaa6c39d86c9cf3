"""A partner with thousands of clients: customers, subscriptions, years of invoices, workspaces and their usage."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from billingportal.db import Base, transaction
from billingportal.domain.auth import browser_sessions
from billingportal.domain.auth.browser_sessions import Device
from billingportal.models import (
    AuditEntry,
    Client,
    ClientCustomer,
    Customer,
    EntitledQuota,
    Entitlement,
    Invoice,
    PaymentMethod,
    Resource,
    Staff,
    Subscription,
    SubscriptionItem,
    Workspace,
    WorkspaceUsage,
)

Row = dict[str, object]
NOW = datetime(2026, 11, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
BATCH = 2_000
# By the last digit of the client's number, so that every page of the list has all of them.
STANDINGS = ("active", "trialing", "past_due", "canceling", "free", *("active",) * 5)
ACCOUNT = {"processor_account_id": 1, "as_of": NOW, "uncertainty_seconds": 0, "is_chained": False}
KNOWN: Row = {**ACCOUNT, "has_settled_tie": False, "revision": 1, "labels": {}}


def sign_owner_in() -> str:
    """Sign in an owner, who may see everything; the session's token."""
    with transaction() as session:
        owner = Staff(
            name="Mara Lindqvist", email="mara@harbor.example", password_hash="-", role="owner", created_at=NOW
        )
        session.add(owner)
        session.flush()
        return browser_sessions.start(session, owner, Device("192.0.2.1", "Benchmark"), timedelta(hours=12), None)


def add_clients(clients: int, invoices: int) -> None:
    """Add clients with their invoices, spread evenly. The plans and the account exist already."""
    with transaction() as session:
        resources = list(session.scalars(select(Resource.id).order_by(Resource.id)))
        standings = [STANDINGS[number % len(STANDINGS)] for number in range(1, clients + 1)]
        standings[clients // 2 - 1] = "active"  # the client of the measured pages
        each = invoices // clients
        put(session, Client, (client(number) for number in range(1, clients + 1)))
        put(session, Customer, (customer(number) for number in range(1, clients + 1)))
        put(session, ClientCustomer, (link(number) for number in range(1, clients + 1)))
        put(session, PaymentMethod, (payment_method(number) for number in range(1, clients + 1)))
        put(session, Subscription, (subscription(number, standings[number - 1]) for number in range(1, clients + 1)))
        put(session, SubscriptionItem, (item(number) for number in range(1, clients + 1)))
        put(session, Entitlement, (entitlement(number, standings[number - 1]) for number in range(1, clients + 1)))
        put(session, EntitledQuota, (quota(number, one) for number in range(1, clients + 1) for one in resources))
        put(session, Workspace, (workspace(number) for number in range(1, clients + 1)))
        put(session, WorkspaceUsage, (usage(number, one) for number in range(1, clients + 1) for one in resources[:1]))
        put(session, Invoice, (invoice(number, age) for number in range(1, clients + 1) for age in range(each)))
        put(session, AuditEntry, (entry(number, age) for number in range(1, clients + 1) for age in range(5)))


def put(session: Session, model: type[Base], rows: Iterable[Row]) -> None:
    waiting: Iterator[Row] = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        session.execute(insert(model), batch)


def client(number: int) -> Row:
    name = f"Harbor Dental {number}"
    return {
        "id": number,
        "mode": "test",
        "name": name,
        "folded_name": name.casefold(),
        "email": f"office{number}@harbor.example",
        "canonical_email": f"office{number}@harbor.example",
        "external_id": f"business-{number}",
        "source": "staff",
        "created_at": NOW - timedelta(hours=number),
    }


def customer(number: int) -> Row:
    return {
        **KNOWN,
        "stripe_customer_id": f"cus_{number}",
        "name": f"Harbor Dental {number}",
        "email": f"office{number}@harbor.example",
        "balance_minor": 0,
        "delinquent": False,
        "default_stripe_payment_method_id": f"pm_{number}",
        "address": {"line1": "12 Quay Street", "city": "Galway", "country": "IE"},
        "created_at": NOW,
    }


def link(number: int) -> Row:
    return {"client_id": number, "processor_account_id": 1, "stripe_customer_id": f"cus_{number}", "linked_at": NOW}


def payment_method(number: int) -> Row:
    known = {name: value for name, value in KNOWN.items() if name != "labels"}
    return {
        **known,
        "stripe_payment_method_id": f"pm_{number}",
        "stripe_customer_id": f"cus_{number}",
        "type": "card",
        "brand": "visa",
        "last_four": "4242",
        "expires_month": 8,
        "expires_year": 2028,
        "created_at": NOW,
    }


def subscription(number: int, standing: str) -> Row:
    status = {"canceling": "active", "free": "canceled"}.get(standing, standing)
    return {
        **KNOWN,
        "id": number,
        "stripe_subscription_id": f"sub_{number}",
        "stripe_customer_id": f"cus_{number}",
        "status": status,
        "currency": "usd",
        "collection_method": "charge_automatically",
        "cancel_at_period_end": standing == "canceling",
        "is_collection_paused": False,
        "started_at": NOW - 12 * MONTH,
        "latest_stripe_invoice_id": f"in_{number}_0",
        "created_at": NOW - 12 * MONTH,
    }


def item(number: int) -> Row:
    return {
        "subscription_id": number,
        "stripe_subscription_item_id": f"si_{number}",
        "stripe_price_id": f"price_{1 + number % 2}_month",
        "stripe_product_id": "prod_1",
        "quantity": 1,
        "period_started_at": NOW,
        "period_ends_at": NOW + timedelta(days=number % 30),
    }


def entitlement(number: int, standing: str) -> Row:
    is_failing = standing == "past_due"
    return {
        "id": number,
        "client_id": number,
        "plan_id": 1 + number % 2,
        "source": "base" if standing == "free" else "subscription",
        "access": "full",
        "standing": standing,
        "step": "grace" if is_failing else "none",
        "failing_since": NOW if is_failing else None,
        "since": NOW - 12 * MONTH,
        "renews_at": NOW + timedelta(days=number % 30),
        "is_over_quota": number % 20 == 0,
        "processor_account_id": 1,
        "stripe_subscription_id": f"sub_{number}",
        "other_subscriptions": [],
        "proven": {},
        "reasons": ["The subscription is paid for."],
        "evaluated_at": NOW,
        "changed_at": NOW,
    }


def quota(number: int, resource_id: int) -> Row:
    return {
        "entitlement_id": number,
        "client_id": number,
        "resource_id": resource_id,
        "quota": 5000,
        "reaction": "block",
        "source": "plan",
    }


def workspace(number: int) -> Row:
    return {
        "id": number,
        "client_id": number,
        "mode": "test",
        "name": f"Front desk {number}",
        "folded_name": f"front desk {number}",
        "external_id": f"workspace-{number}",
        "created_at": NOW,
    }


def usage(number: int, resource_id: int) -> Row:
    return {"workspace_id": number, "resource_id": resource_id, "used": number % 6000, "measured_at": NOW}


def invoice(number: int, age: int) -> Row:
    amounts = {f"{name}_minor": 2900 for name in ("subtotal", "total", "amount_due", "amount_paid")}
    created_at = NOW - age * MONTH
    return {
        **KNOWN,
        **amounts,
        "stripe_invoice_id": f"in_{number}_{age}",
        "stripe_customer_id": f"cus_{number}",
        "stripe_subscription_id": f"sub_{number}",
        "number": f"HD-{number}-{age:04}",
        "status": "paid",
        "billing_reason": "subscription_cycle",
        "collection_method": "charge_automatically",
        "currency": "usd",
        "amount_remaining_minor": 0,
        "attempt_count": 1,
        "finalized_at": created_at,
        "paid_at": created_at,
        "sold": [],
        "created_at": created_at,
    }


def entry(number: int, age: int) -> Row:
    return {
        "recorded_at": NOW - age * MONTH,
        "actor": "sync",
        "action": "entitlement.standing_changed",
        "subject_type": "client",
        "subject_id": str(number),
        "summary": "Status: Active. The subscription is paid for.",
        "details": {},
    }
