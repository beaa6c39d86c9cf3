"""Requests for a new billing link by email. Neither the words nor the time of the answer reveal a known address.

The visitor's request only stores the address; a job looks it up and writes the emails.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.auth.visitor_throttle import admit_visitor
from billingportal.domain.common.email_addresses import canonical_address
from billingportal.domain.mail import messages as mail_messages
from billingportal.models import BillingLinkRequest, Client

# At most one email to a client within this time, however often it is requested.
PAUSE = timedelta(minutes=10)
MOST = 10
BATCH = 50


def request_link(session: Session, email: str, network: str) -> None:
    """Store the request, which came from the IP address `network`. Raises Throttled."""
    admit_visitor(session, "billing link", network, email)
    session.add(BillingLinkRequest(canonical_email=canonical_address(email), requested_at=now()))


def answer_requests(session: Session) -> int:
    """Email billing links to the clients with the requested addresses. Returns how many requests, at most BATCH."""
    waiting = select(BillingLinkRequest).order_by(BillingLinkRequest.id).limit(BATCH).with_for_update(skip_locked=True)
    found = session.scalars(waiting).all()
    for request in found:
        send_links(session, request.canonical_email)
        session.delete(request)
    return len(found)


def send_links(session: Session, canonical_email: str) -> None:
    clients = session.scalars(
        select(Client)
        .where(Client.canonical_email == canonical_email, Client.archived_at.is_(None))
        .order_by(Client.id)
        .limit(MOST)
    ).all()
    for client in clients:
        letter = mail_messages.billing_link(mail_messages.brand_name(session))
        mail_messages.post(session, client, occasion(client, now()), letter)


def occasion(client: Client, moment: datetime) -> str:
    """The key of the email: the same for all requests of a client in one window of PAUSE."""
    return f"billing-link:{client.id}:{int(moment.timestamp() // PAUSE.total_seconds())}"
