"""Signs a client out, on a computer that others may use after it."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from billingportal.domain.auth import browser_sessions
from billingportal.models import Checkout, Client


def sign_out(session: Session, token: str) -> None:
    """End the session of this token. The return URL of an ended checkout, which is in the browser's history, signs
    nobody in any more."""
    found = browser_sessions.find(session, Client, token)
    if found is not None:
        _, client = found
        over = update(Checkout).where(Checkout.client_id == client.id, Checkout.ended_at.is_not(None))
        session.execute(over.values(access_generation=0))
    browser_sessions.end(session, token)
