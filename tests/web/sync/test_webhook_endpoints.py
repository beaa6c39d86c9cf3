"""What a process remembers of a webhook address never outlives what is stored."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.models import ProcessorAccount, StripeEvent, WebhookEndpoint
from billingportal.portal import current_portal
from billingportal.web.sync import webhook_endpoints
from tests.support.pages import Visitor
from tests.support.stripe import events

TOKEN = "the-token-of-the-address"


@pytest.fixture
def endpoint(session: Session) -> WebhookEndpoint:
    """An endpoint whose address has taken in an event before, and is remembered."""
    account = ProcessorAccount(stripe_account_id="acct_1", mode="test", state="connected", preflight=[])
    account.endpoint = WebhookEndpoint(token=TOKEN, secret_sealed=current_portal().vault.seal(events.SECRET))
    with transaction() as database:
        database.add(account)
    return account.endpoint


def send(client: Visitor, customer_id: str, secret: str = events.SECRET) -> int:
    body = events.as_body(events.event("customer.created", events.customer(id=customer_id)))
    headers = {"Stripe-Signature": events.signature(body, secret)}
    return client.post(f"/webhooks/stripe/{TOKEN}", data=body, headers=headers).status_code


def test_a_door_is_remembered_after_the_first_event(app: Flask, client: Visitor, endpoint: WebhookEndpoint) -> None:
    assert send(client, "cus_1") == 200
    assert webhook_endpoints.remembered(TOKEN) == webhook_endpoints.look_up(TOKEN)
    assert send(client, "cus_2") == 200


def test_nothing_is_taken_once_the_registration_is_forgotten(
    client: Visitor, session: Session, endpoint: WebhookEndpoint
) -> None:
    send(client, "cus_1")
    with transaction():
        endpoint.forget_registration()

    assert send(client, "cus_2") == 400
    session.rollback()
    assert session.scalar(select(func.count()).select_from(StripeEvent)) == 1


def test_a_new_secret_holds_at_once_and_the_old_one_to_its_end(client: Visitor, endpoint: WebhookEndpoint) -> None:
    send(client, "cus_1")
    with transaction():
        endpoint.keep_secret(current_portal().vault.seal("whsec_new"), clock.now() + timedelta(hours=1))
    assert [send(client, "cus_2", "whsec_new"), send(client, "cus_3")] == [200, 200]

    with transaction():
        endpoint.previous_secret_ends_at = clock.now() - timedelta(seconds=1)
    assert [send(client, "cus_4", "whsec_new"), send(client, "cus_5")] == [200, 400]


def test_a_door_shows_no_secret(client: Visitor, endpoint: WebhookEndpoint) -> None:
    send(client, "cus_1")

    assert events.SECRET not in repr(webhook_endpoints.remembered(TOKEN))
