"""A webhook address with a secret that tests know, and events that are sent to it over HTTP."""

import urllib.error
import urllib.request
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import func, select

from billingportal.db import db, transaction
from billingportal.models import ProcessorAccount, StripeEvent, WebhookEndpoint
from billingportal.portal import current_portal
from tests.support.stripe import events

TOKEN = "the-token-of-the-address"
# Seconds. What a page or a webhook may take at most, whatever the database does.
LIMIT = 12


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    text: str
    headers: dict[str, str]


def add_account(app: Flask) -> None:
    """A connected account whose events come in at TOKEN."""
    with app.app_context(), transaction() as session:
        account = ProcessorAccount(stripe_account_id="acct_1", mode="test", state="connected", preflight=[])
        secret = current_portal().vault.seal(events.SECRET)
        account.endpoint = WebhookEndpoint(token=TOKEN, state="registered", secret_sealed=secret)
        session.add(account)


def open_url(request: str | urllib.request.Request, limit: float = LIMIT) -> Answer:
    """The answer, whatever its status. Raises TimeoutError or URLError when there is none within the limit."""
    try:
        with urllib.request.urlopen(request, timeout=limit) as answer:
            return Answer(answer.status, answer.read().decode(), dict(answer.headers))
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode(), dict(error.headers))


def send(url: str, number: int, limit: float = LIMIT) -> Answer:
    """Deliver an event about a customer of its own."""
    message = events.event("customer.created", events.customer(id=f"cus_{number}"), id=f"evt_sent_{number}")
    body = events.as_body(message)
    headers = {"Stripe-Signature": events.signature(body), "Content-Type": "application/json"}
    return open_url(urllib.request.Request(f"{url}/webhooks/stripe/{TOKEN}", body, headers), limit)


def stored(app: Flask) -> dict[str, int]:
    """How often each event is in the inbox, by its id."""
    with app.app_context():
        ids = StripeEvent.stripe_event_id
        found = db.session().execute(select(ids, func.count()).group_by(ids)).all()
        db.session().rollback()
        return {str(row[0]): int(row[1]) for row in found}
