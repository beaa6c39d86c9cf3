"""The one door for Stripe's events. 200 means: stored durably."""

from datetime import datetime

from flask import Blueprint, Response, request
from sqlalchemy import Row, bindparam, select
from sqlalchemy.exc import InterfaceError, OperationalError

from billingportal.clock import now
from billingportal.db import bare_transaction, glance
from billingportal.domain import inbox
from billingportal.models import ProcessorAccount, WebhookEndpoint
from billingportal.models.processor_account import Mode
from billingportal.portal import current_portal
from billingportal.stripe_gateway import signature
from billingportal.stripe_gateway.errors import BadSignature, UnreadableObject
from billingportal.vault import CannotOpen
from billingportal.web.security import csrf

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
# Stripe has no session to protect; its signature is the proof.
csrf.exempt(blueprint)

Endpoint = Row[int, Mode, str | None, str | None, datetime | None]
# Columns instead of mapped objects, and built once: this runs for every event.
FIND = (
    select(
        WebhookEndpoint.processor_account_id,
        ProcessorAccount.mode,
        WebhookEndpoint.secret_sealed,
        WebhookEndpoint.previous_secret_sealed,
        WebhookEndpoint.previous_secret_ends_at,
    )
    .join(ProcessorAccount, ProcessorAccount.id == WebhookEndpoint.processor_account_id)
    .where(WebhookEndpoint.token == bindparam("token"))
)


@blueprint.post("/stripe/<token>")
def create(token: str) -> Response:
    """Verify, store, absorb, answer. Anything but 200 makes Stripe come again with the same event."""
    try:
        return receive(token)
    except (OperationalError, InterfaceError):
        return answer(503, "The database is away. Come again.")
    except (BadSignature, UnreadableObject) as problem:
        return answer(400, problem.message)
    except CannotOpen:
        return answer(400, "The stored signing secret cannot be opened.")


def receive(token: str) -> Response:
    with glance() as connection:
        endpoint = connection.execute(FIND, {"token": token}).one_or_none()
    if endpoint is None:
        return answer(404, "There is no such webhook address.")
    body = request.get_data(cache=False)
    signature.verify(body, request.headers.get("Stripe-Signature", ""), secrets_of(endpoint))
    event = signature.read_event(body)
    livemode = endpoint.mode == "live"
    state = inbox.receive(bare_transaction, endpoint.processor_account_id, event, body.decode(), livemode=livemode)
    if state == "refused":
        return answer(400, "The event belongs to another mode or another Stripe account.")
    return answer(200, "stored" if state else "stored before")


def secrets_of(endpoint: Endpoint) -> list[str]:
    """The current signing secret, then the previous one as long as deliveries made for it may arrive."""
    vault = current_portal().vault
    sealed = [endpoint.secret_sealed]
    if endpoint.previous_secret_ends_at is not None and endpoint.previous_secret_ends_at > now():
        sealed.append(endpoint.previous_secret_sealed)
    return [vault.open_(one) for one in sealed if one is not None]


def answer(status: int, words: str) -> Response:
    return Response(words + "\n", status=status, mimetype="text/plain")
