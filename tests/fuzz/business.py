"""A partner in full swing: plans, clients of every kind, letters, and customers whom nobody has taken over yet."""

from dataclasses import dataclass
from typing import Any, cast

import stripe
from flask import Flask
from sqlalchemy import select

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.mail import settings as mail_settings
from billingportal.domain.mail.settings import Typed
from billingportal.domain.plans.price_links import Link
from billingportal.models import Client, OutgoingMail, WebhookEndpoint
from billingportal.models.auth.staff import Role, Staff
from billingportal.portal import current_portal
from tests.fuzz.knowledge import PLANTED
from tests.support.catalog.catalog import Catalog, connect
from tests.support.catalog.plans import new_plan
from tests.support.catalog.showcase import add_branding
from tests.support.pages import Visitor
from tests.support.people import checkouts
from tests.support.people.billing import use
from tests.support.people.clients import new_client, paid_plan, plan_of
from tests.support.people.stores import Store, open_store
from tests.support.stripe.portals import work
from tests.support.stripe.sandbox import SandboxAccount, SandboxClient

# In whatever belongs to others than the client who calls.
OTHERS, STAFF = f"{PLANTED} other", f"{PLANTED} staff"
PASSWORD, MAIL_PASSWORD = "correct horse battery", f"{PLANTED}-mail-password"
FAILING_CARD = "pm_card_chargeCustomerFail"


@dataclass(frozen=True)
class Business:
    """What the callers need to know of it: ids, and what no answer may hold."""

    owner_id: int
    viewer_id: int
    client_id: int
    webhook_path: str
    webhook_secret: str
    secrets: tuple[str, ...]
    passwords: tuple[str, ...]


def open_business(app: Flask, sandbox: SandboxClient, account: SandboxAccount, password_hash: str) -> Business:
    """Needs a portal whose Stripe is the sandbox."""
    with app.app_context():
        owner, viewer = add_staff("owner", password_hash), add_staff("viewer", password_hash)
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.become(owner)
    connect(app, visitor, account.test_key)
    sdk = sandbox.client(account.test_key)
    store = open_store(app, sdk, owner.id)
    client_id = add_clients(app, store, owner.id)
    add_strangers_at_stripe(sdk, store)
    with app.app_context():
        add_settings(owner.id)
        add_letters(client_id)
    checkouts.tell(app)
    work(app)
    with app.app_context():
        return business_of(sandbox, account, owner, viewer, client_id)


def business_of(
    sandbox: SandboxClient, account: SandboxAccount, owner: Staff, viewer: Staff, client_id: int
) -> Business:
    other = sandbox.control("keys", account=account.id, mode="test", kind="restricted", rights=["products:write"])
    portal = current_portal()
    endpoint = db.session().scalars(select(WebhookEndpoint)).one()
    assert endpoint.secret_sealed is not None
    secret = portal.vault.open_(endpoint.secret_sealed)
    keys = (account.test_key, account.live_key, *portal.settings.secret_keys)
    return Business(
        owner.id,
        viewer.id,
        client_id,
        f"/webhooks/stripe/{endpoint.token}",
        secret,
        (*keys, secret, MAIL_PASSWORD, owner.password_hash),
        (PASSWORD, str(other["key"]), "another good password"),
    )


def add_staff(role: Role, password_hash: str) -> Staff:
    made = Staff(
        name=f"Mara {STAFF}",
        email=f"{role}@example.com",
        password_hash=password_hash,
        role=role,
        created_at=clock.now(),
    )
    with transaction() as session:
        session.add(made)
    db.session().refresh(made)
    db.session().expunge(made)
    return made


def add_clients(app: Flask, store: Store, owner_id: int) -> int:
    """One of each kind; the id of the one that calls."""
    caller = store.subscribe(store.growth, name="Harbor Dental")
    twice = store.subscribe(store.starter, name=f"Twice {OTHERS}")
    starter = store.sdk.v1.subscriptions.retrieve(twice.subscription)["items"].data[0].price.id
    again = {"customer": twice.customer, "items": [{"price": starter}]}
    store.sdk.v1.subscriptions.create(params=cast(Any, again))
    failing = store.subscribe(
        store.growth, name=f"Failing {OTHERS}", card=FAILING_CARD, payment_behavior="allow_incomplete"
    )
    leaving = store.subscribe(store.scale, name=f"Leaving {OTHERS}", quantities={"contacts": 7000})
    store.sdk.v1.subscriptions.cancel(leaving.subscription)
    goods = Catalog(store.sdk)
    with app.app_context():
        trial = paid_plan(owner_id, goods, app, "Trial", trial_days=14, trial_needs_card=False)
        new_plan(owner_id, "Free", is_active=True)
        by_use = goods.metered(goods.meter("contacts_by_use"), unit_amount=3)
        plan_of(owner_id, app, [Link(by_use, "usage", store.contacts)], "By use")
    trying = store.subscribe(trial, name=f"Trying {OTHERS}", trial_period_days=14)
    with app.app_context():
        for each in (caller, failing, trying):
            use(each.client_id, contacts=1200, team_members=3)
        new_client(f"New {OTHERS}")
        new_client(f"Live {OTHERS}", mode="live")
        waiting = new_client(f"Waiting {OTHERS}")
        checkouts.start(waiting, store.growth)
        with transaction() as session:
            for client in session.scalars(select(Client)):
                client.notes = f"Notes, {OTHERS}"
        db.session.remove()
    return caller.client_id


def add_strangers_at_stripe(sdk: stripe.StripeClient, store: Store) -> None:
    """Customers that no client is, one of them with a subscription."""
    price = sdk.v1.prices.list(params={"limit": 1}).data[0].id
    for number, name in enumerate(("Quay Street", "Harbor Dental", "Old Mill")):
        params = {"name": name, "email": f"office{number}@quay.example", "payment_method": "pm_card_visa"}
        customer = sdk.v1.customers.create(params=cast(Any, params))
        if number < 2:
            given = {"customer": customer.id, "items": [{"price": price}]}
            method = sdk.v1.payment_methods.list(params={"customer": customer.id}).data[0].id
            sdk.v1.subscriptions.create(params=cast(Any, {**given, "default_payment_method": method}))


def add_settings(owner_id: int) -> None:
    """A brand, and a mail server that nobody runs."""
    add_branding(contact_url="mailto:help@harbor.example")
    typed = Typed("localhost", "9", "none", "portal", MAIL_PASSWORD, "billing@harbor.example", is_on=True)
    with transaction() as session:
        mail_settings.save_settings(session, current_portal().vault, typed, staff_id=owner_id)


def add_letters(client_id: int) -> None:
    with transaction() as session:
        for number in range(30):
            session.add(
                OutgoingMail(
                    client_id=client_id,
                    occasion=f"fuzz {number}",
                    kind="test",
                    subject="A letter",
                    body="Words",
                    state=("waiting", "sent", "failed")[number % 3],
                    created_at=clock.now(),
                )
            )
