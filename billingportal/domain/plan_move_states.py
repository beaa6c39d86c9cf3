"""Brings a client's change of plan in line with what Stripe told of its subscription."""

from sqlalchemy.orm import Session

from billingportal.models import Client


def follow(session: Session, client: Client) -> None:
    """Bring the client's change that is under way in line with the mirrored rows, in the caller's transaction."""
