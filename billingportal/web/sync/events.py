"""SaaS > Webhook events: events received from Stripe, and their processing state."""

import hashlib
import json

from flask import Blueprint, Response, abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.connection import processor_accounts
from billingportal.domain.sync import event_log
from billingportal.domain.sync.event_log import EventsPage, Filter
from billingportal.domain.sync.object_types import OBJECT_TYPE_OF_EVENT
from billingportal.errors import Refusal
from billingportal.limits import LARGEST_BIG_ID, search_words, whole_number
from billingportal.models import ProcessorAccount, StripeEvent
from billingportal.models.connection.stripe_event import STATES
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.auth.session import require_role
from billingportal.web.common import htmx
from billingportal.web.common.rendering.filters import event_title
from billingportal.web.common.stripe_access import stripe_of

# Characters of a payload on its page: an event may have megabytes.
LONGEST_SHOWN = 200_000

blueprint = Blueprint("events", __name__, url_prefix="/saas/events")


@blueprint.get("")
def index() -> ResponseReturnValue:
    """The inbox, newest first. A poll without changes is answered with 204."""
    account = processor_accounts.shown(db.session(), g.mode)
    wanted = filter_of_request()
    page = EventsPage([], None, None)
    if account is not None:
        page = event_log.search_events(db.session(), account.id, wanted, before=cursor("before"), after=cursor("after"))
    seen = fingerprint(page)
    if request.args.get("seen") == seen:
        return Response(status=204)
    failed = event_log.count_failed(db.session(), account.id) if account else 0
    return render_template(
        "sync/index.html",
        account=account,
        page=page,
        wanted=wanted,
        failed=failed,
        seen=seen,
        types=sorted(OBJECT_TYPE_OF_EVENT),
        states=STATES,
        polls=not ({"before", "after"} & request.args.keys()),
    )


def filter_of_request() -> Filter:
    state = request.args.get("state", "")
    return Filter(
        words=search_words(request.args.get("q", "")),
        type=request.args.get("type", "")[:200],
        state=state if state in STATES else None,
    )


def cursor(name: str) -> int | None:
    """The id of the event at the edge of the page shown; None, for invalid text, means the newest."""
    return whole_number(request.args.get(name, ""), LARGEST_BIG_ID)


def fingerprint(page: EventsPage) -> str:
    rows = [(event.id, event.state, event.attempts) for event in page.events]
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


@blueprint.get("/<big_id:event_id>")
def show(event_id: int) -> str:
    event, _ = event_or_404(event_id)
    return shown(event)


def shown(event: StripeEvent) -> str:
    payload = json.dumps(json.loads(event.payload), indent=2, ensure_ascii=False)
    # Half a surrogate pair, which only an escape can say in JSON, is shown as that escape: no page can contain it.
    payload = payload.encode(errors="backslashreplace").decode()
    template = "sync/_event.html" if htmx.is_partial(request) else "sync/show.html"
    return render_template(
        template,
        event=event,
        payload=payload[:LONGEST_SHOWN],
        is_cut=len(payload) > LONGEST_SHOWN,
        can_replay=event_log.can_replay(event),
        title=event_title(event.type),
    )


def event_or_404(event_id: int) -> tuple[StripeEvent, ProcessorAccount]:
    account = processor_accounts.shown(db.session(), g.mode)
    event = None
    if account is not None:
        event = event_log.find_event(db.session(), account.id, event_id)
    if account is None or event is None:
        abort(404, "This event is not in the inbox of this mode. It may have been removed after 90 days.")
    return event, account


@blueprint.post("/<big_id:event_id>/replays")
@require_role("owner", "admin")
def create_replay(event_id: int) -> ResponseReturnValue:
    """Fetch the event's object from Stripe now, and show the result."""
    event, account = event_or_404(event_id)
    if not event_log.can_replay(event):
        abort(409, "Nothing here depends on this event, so there is nothing to replay.")
    try:
        stripe = stripe_of(account)
        event_log.replay_event(transaction, stripe.gateway, stripe.account_id, event)
    except (StripeProblem, Refusal) as problem:
        abort(503, f"Stripe could not be asked: {problem} The event stays in the inbox.")
    if htmx.is_partial(request):
        return shown(event_or_404(event_id)[0])
    return htmx.redirect(url_for("events.show", event_id=event_id))


@blueprint.post("/replays")
@require_role("owner", "admin")
def create_replays() -> ResponseReturnValue:
    """Queue every failed event for a retry by the worker."""
    account = processor_accounts.shown(db.session(), g.mode)
    account_id = account.id if account else None
    with transaction() as session:
        count = event_log.replay_failed(session, account_id) if account_id is not None else 0
    flash(f"{count} failed {'event is' if count == 1 else 'events are'} being replayed.")
    return htmx.redirect(url_for("events.index"))
