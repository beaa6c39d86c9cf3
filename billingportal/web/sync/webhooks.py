"""The addresses for Stripe's events and for its reports about usage. 200 means: stored durably."""

from collections.abc import Callable

from flask import Blueprint, Response, request

from billingportal.database.unavailable import UNAVAILABLE
from billingportal.db import bare_transaction
from billingportal.domain.connection import signature_failures
from billingportal.domain.metering import error_reports
from billingportal.domain.sync import inbox
from billingportal.models import EventDestination, WebhookEndpoint
from billingportal.models.connection.stripe_event import EventState
from billingportal.stripe_gateway import webhook_signature
from billingportal.stripe_gateway.errors import BadSignature, UnreadableObject
from billingportal.vault import CannotOpen
from billingportal.web.common import errors
from billingportal.web.common.security import csrf
from billingportal.web.sync import webhook_endpoints
from billingportal.web.sync.webhook_endpoints import Door

# Bytes. Stripe names no limit for its events; an invoice with full metadata on every line has more than a megabyte.
LARGEST_EVENT = 4 * 1024 * 1024

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
# Stripe has no session to protect; its signature is the proof.
csrf.exempt(blueprint)


@blueprint.post("/stripe/<secret:token>")
def create(token: str) -> Response:
    """Verify, store, apply, answer. Anything but 200 makes Stripe send the same event again."""
    return answered(receive, token, WebhookEndpoint)


@blueprint.post("/stripe/reports/<secret:token>")
def create_report(token: str) -> Response:
    """Verify and store a notice, whose report a worker fetches. Anything but 200 makes Stripe send it again."""
    return answered(receive_report, token, EventDestination)


def answered(
    receive_at: Callable[[str], Response], token: str, model: type[WebhookEndpoint] | type[EventDestination]
) -> Response:
    """The answer of an address, whatever the sender or the database does."""
    request.max_content_length = LARGEST_EVENT
    try:
        return receive_at(token)
    except UNAVAILABLE as problem:
        errors.report_outage(problem)
        busy = answer(503, "The database does not answer, or is busy. Send this event again.")
        busy.headers["Retry-After"] = errors.RETRY_AFTER
        return busy
    except BadSignature as problem:
        signature_failures.note_failure(model, token)
        return answer(400, problem.message)
    except UnreadableObject as problem:
        return answer(400, problem.message)
    except CannotOpen:
        return answer(400, "The stored signing secret cannot be opened.")


def receive(token: str) -> Response:
    """Verify and store the event with the cached webhook address; if that fails, with the stored one."""
    door = webhook_endpoints.remembered(token)
    state = try_to_take_in(door) if door else None
    while state is None:
        door = webhook_endpoints.look_up(token)
        if door is None:
            return answer(404, "There is no such webhook address.")
        state = take_in(door)
        if state is None and webhook_endpoints.look_up(token) == door:
            # The proof is still valid, so the event was stored before.
            break
    if state == "refused":
        return answer(400, "The event belongs to another mode or another Stripe account.")
    return answer(200, "stored" if state else "stored before")


def try_to_take_in(door: Door) -> EventState | None:
    try:
        return take_in(door)
    except BadSignature:
        return None


def take_in(door: Door) -> EventState | None:
    """The event's state, or None when it is stored already or the endpoint has changed. Raises BadSignature."""
    body = request.get_data()
    webhook_signature.verify(body, request.headers.get("Stripe-Signature", ""), door.secrets)
    event = webhook_signature.read_event(body)
    return inbox.receive_event(
        bare_transaction, door.processor_account_id, event, body.decode(), livemode=door.livemode, proof=door.proof
    )


def receive_report(token: str) -> Response:
    """Verify a notice and store it. What the portal does not need is acknowledged: types are added at any time."""
    door = webhook_endpoints.look_up_destination(token)
    if door is None:
        return answer(404, "There is no such webhook address.")
    body = request.get_data()
    webhook_signature.verify(body, request.headers.get("Stripe-Signature", ""), door.secrets)
    notice = webhook_signature.read_notice(body)
    if notice.livemode is not door.livemode or notice.context not in (None, door.stripe_account_id):
        return answer(400, "The event belongs to another mode or another Stripe account.")
    if not error_reports.is_report(notice):
        return answer(200, "not needed")
    with bare_transaction() as database:
        is_new = error_reports.store_notice(database, door.processor_account_id, notice)
    return answer(200, "stored" if is_new else "stored before")


def answer(status: int, words: str) -> Response:
    return Response(words + "\n", status=status, mimetype="text/plain")
