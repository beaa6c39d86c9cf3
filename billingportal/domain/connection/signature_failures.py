"""Counts messages at our addresses whose signature was wrong. Only who knows the address can make one."""

from datetime import timedelta

from sqlalchemy import case, update

from billingportal.clock import now
from billingportal.db import spare_transaction
from billingportal.models import EventDestination, WebhookEndpoint

# Failures further apart are counted anew.
COUNTED_TOGETHER = timedelta(hours=1)


def note_failure(model: type[WebhookEndpoint] | type[EventDestination], token: str) -> None:
    """Count one more. While another process writes it is not counted, so that a flood of them delays nobody."""
    moment = now()
    is_recent = model.signature_failed_at > moment - COUNTED_TOGETHER
    with spare_transaction() as connection:
        if connection is not None:
            connection.execute(
                update(model)
                .where(model.token == token)
                .values(
                    signature_failures=case((is_recent, model.signature_failures + 1), else_=1),
                    signature_failed_at=moment,
                )
            )
