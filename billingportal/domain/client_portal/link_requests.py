"""Requests for a new billing link by email. The answer never reveals whether an address is known."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.email_addresses import canonical_address
from billingportal.domain.mail import messages as mail_messages
from billingportal.models import Client

# At most one email to a client within this time, however often it is requested.
PAUSE = timedelta(minutes=10)
MOST = 10


def request_link(session: Session, email: str) -> None:
    """Email a billing link to the clients with this address, if there are any."""
    found = session.scalars(
        select(Client)
        .where(Client.canonical_email == canonical_address(email), Client.archived_at.is_(None))
        .order_by(Client.id)
        .limit(MOST)
    ).all()
    for client in found:
        letter = mail_messages.billing_link(mail_messages.brand_name(session))
        mail_messages.post(session, client, occasion(client, now()), letter)


def occasion(client: Client, moment: datetime) -> str:
    """The key of the email: the same for all requests of a client in one window of PAUSE."""
    return f"billing-link:{client.id}:{int(moment.timestamp() // PAUSE.total_seconds())}"
