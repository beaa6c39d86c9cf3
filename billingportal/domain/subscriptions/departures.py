"""Archives clients scheduled for archiving once their subscriptions have ended."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.outgoing_webhooks.client_events import record_client_event
from billingportal.domain.subscriptions.client_subscriptions import link_of, subscriptions_of
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.models import Client, Subscription


def going_on(session: Session, client: Client) -> Sequence[Subscription]:
    """The client's live subscriptions. One that was never paid for ends by itself."""
    return [one for one in subscriptions_of(session, link_of(session, client)) if one.status in LIVE_STATUSES]


def follow_departure(session: Session, client: Client) -> None:
    """Archive a leaving client once its subscriptions have ended; clear `is_leaving` when none is set to end."""
    if not client.is_leaving:
        return
    left = going_on(session, client)
    if not left:
        client.archive(now())
        record_departure(session, client, "client.archived", "Archived, as the subscription has ended")
        record_client_event(session, client, "client.archived")
    elif not any(one.cancel_at_period_end or one.cancels_at for one in left):
        client.is_leaving = False
        record_departure(session, client, "client.stays", "Will not be archived, as the subscription goes on")


def record_departure(session: Session, client: Client, action: str, words: str) -> None:
    audit.record_act(session, audit.Act(action, words, actor="sync", subject=("client", client.id)))
