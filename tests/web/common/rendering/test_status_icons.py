"""Every status and every action of a timeline has an icon that is there."""

import pytest

from billingportal.domain.client_portal import plan_status
from billingportal.domain.clients import timeline
from billingportal.domain.common.status_text import StatusText
from billingportal.domain.invoices import client_invoices
from billingportal.domain.subscriptions.status_text import STANDINGS, SUBSCRIPTIONS
from billingportal.web.clients.rows import ARCHIVED
from billingportal.web.common.rendering import icons, status_icons


@pytest.mark.parametrize("name", sorted({*status_icons.STATUSES.values(), *status_icons.ACTIONS.values()}))
def test_every_icon_is_there(name: str) -> None:
    assert icons.shapes(name)


@pytest.mark.parametrize(
    "text",
    [
        *STANDINGS.values(),
        *SUBSCRIPTIONS.values(),
        plan_status.ACTIVE,
        plan_status.NOTHING,
        *plan_status.PAYMENT_NEEDED.values(),
        *client_invoices.UNDER_WAY.values(),
        client_invoices.PAID,
        client_invoices.DISPUTED,
        ARCHIVED,
    ],
    ids=lambda text: text.words,
)
def test_every_status_has_an_icon(text: StatusText) -> None:
    assert text.status in status_icons.STATUSES


def test_a_status_that_stripe_adds_later_has_an_icon_too() -> None:
    assert status_icons.status_icon("hibernating") == status_icons.UNKNOWN_STATUS


def test_every_action_with_a_severity_has_an_icon_of_its_own() -> None:
    assert set(timeline.SEVERITIES) <= set(status_icons.ACTIONS)


@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("client.suspended", "lock"),
        ("client.renamed", "user-edit"),
        ("entitlement.step_changed", "alert-triangle"),
        ("entitlement.ended", "refresh"),
        ("invoice.paid", "receipt"),
        ("plan.created", "info-circle"),
    ],
)
def test_the_longest_start_of_an_action_counts(action: str, name: str) -> None:
    assert status_icons.action_icon(action) == name
