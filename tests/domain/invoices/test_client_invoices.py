"""Every status of an invoice in words that a client understands."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billingportal.domain.invoices.client_invoices import status_of
from billingportal.models import Invoice

MOMENT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"status": "paid"}, "ok", "Paid"),
        ({"status": "void"}, "mute", "Void"),
        ({"status": "uncollectible"}, "bad", "Not paid"),
        ({"status": "open", "attempt_count": 0}, "info", "To be paid"),
        ({"status": "open", "attempt_count": 2}, "bad", "Payment failed"),
        ({"status": "open", "due_at": MOMENT + timedelta(days=3)}, "info", "To be paid by 25 November 2026"),
        ({"status": "open", "due_at": MOMENT - timedelta(days=3)}, "bad", "Was due on 19 November 2026"),
    ],
)
def test_an_invoice_has_a_status_in_words(given: dict[str, Any], kind: str, words: str) -> None:
    status = status_of(Invoice(**{"attempt_count": 0, **given}), MOMENT)
    assert (status.severity, status.words) == (kind, words)
