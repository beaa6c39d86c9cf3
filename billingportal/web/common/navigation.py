"""The warnings that the navigation shows beside its links."""

from dataclasses import dataclass

from flask import Blueprint, Flask, Response, g

from billingportal.db import db
from billingportal.domain.connection import processor_accounts
from billingportal.domain.health import agreement_text
from billingportal.domain.health.agreement import Agreement, agreement
from billingportal.domain.outgoing_webhooks.listing import count_switched_off
from billingportal.domain.sync import event_log
from billingportal.models.connection.processor_account import Mode
from billingportal.web.common import htmx

blueprint = Blueprint("navigation", __name__)
FIRST_PAGE = "/saas/payment-processor"
UNCONNECTED = Agreement("unconnected", None, {}, 0, ())


@dataclass(frozen=True)
class Attention:
    """Problems of one mode that staff should look at."""

    failed_events: int = 0
    processor_trouble: bool = False
    webhooks_off: int = 0
    health: Agreement = UNCONNECTED

    @property
    def health_words(self) -> str:
        """What the flag beside Health says to assistive technology."""
        return agreement_text.headline(self.health)


def current_agreement(mode: Mode) -> Agreement:
    """Agreement with Stripe, worked out once for each request: page and navigation say the same."""
    found: dict[Mode, Agreement] = g.setdefault("agreements", {})
    if mode not in found:
        found[mode] = agreement(db.session(), mode)
    return found[mode]


def attention(mode: Mode) -> Attention:
    """Runs once for every admin page, so it must stay a few quick queries."""
    account = processor_accounts.connected(db.session(), mode)
    webhooks_off = count_switched_off(db.session(), mode)
    if account is None:
        return Attention(webhooks_off=webhooks_off)
    return Attention(
        webhooks_off=webhooks_off,
        health=current_agreement(mode),
        failed_events=event_log.count_failed(db.session(), account.id),
        processor_trouble=processor_accounts.needs_attention(account),
    )


@blueprint.get("/")
def show() -> Response:
    return htmx.redirect(FIRST_PAGE)


def init_app(app: Flask) -> None:
    app.add_template_global(attention)
