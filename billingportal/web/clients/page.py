"""The data of a client's page, gathered in one place."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from flask import render_template
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from billingportal.db import db
from billingportal.domain.auth import browser_sessions
from billingportal.domain.client_portal import due_invoices
from billingportal.domain.clients import comps, quota_overrides, timeline, workspaces
from billingportal.domain.common.status_text import StatusText
from billingportal.domain.dunning import emails as dunning_emails
from billingportal.domain.dunning import ladder
from billingportal.domain.dunning.emails import Footing
from billingportal.domain.entitlements import subscription_facts
from billingportal.domain.entitlements.unpaid_changes import unpaid_words
from billingportal.domain.invoices import (
    customer_balance,
    disputes,
    payment_method_text,
    staff_invoices,
)
from billingportal.domain.invoices.payment_method_text import MethodWords, usual_method
from billingportal.domain.limit_notices import standing
from billingportal.domain.mail import outbox as mail_outbox
from billingportal.domain.subscriptions import client_clock, estimates, flat_quantities
from billingportal.domain.subscriptions.client_subscriptions import link_of
from billingportal.domain.subscriptions.estimates import Estimate
from billingportal.domain.subscriptions.next_payment import NextPayment, next_payment
from billingportal.domain.subscriptions.status_text import STEPS, pause_words, subscription_words
from billingportal.domain.usage import quota_bars
from billingportal.models import Client, ClientCustomer, EntitledQuota, Entitlement, Subscription
from billingportal.web.auth.session import current_staff
from billingportal.web.clients.rows import ARCHIVED, customer_url, status_words

SOURCES = {"comp": "Given by hand", "subscription": "Subscription", "base": "Without a subscription", "none": ""}


@dataclass(frozen=True)
class Held:
    """The client's subscription, ready to be shown. `ends_at` is set when it will not renew."""

    subscription: Subscription
    status: StatusText
    estimate: Estimate | None
    next: NextPayment | None
    period_started_at: datetime | None
    period_ends_at: datetime | None
    ends_at: datetime | None

    @property
    def pause(self) -> str:
        """How long payments are paused, and what becomes of the invoices."""
        return pause_words(self.subscription) if self.subscription.ended_at is None else ""


def render(client: Client, problem: str = "") -> str:
    """The whole page. `problem`: why the payment that staff asked for failed."""
    return render_template("clients/show.html", **facts(db.session(), client), problem=problem)


def facts(session: Session, client: Client) -> dict[str, object]:
    """The variables of the page's template and of its parts."""
    row = entitlement_of(session, client)
    link = link_of(session, client)
    moment = client_clock.moment_of(session, client)
    held = held_of(session, row, moment)
    due = due_invoices.own_due(session, link, held.subscription if held else None)
    happenings, older = timeline.timeline_page(session, client.id, link)
    return {
        "client": client,
        "entitlement": row,
        "source": SOURCES[row.source],
        "status": status_of(client, row, held, moment),
        "customer_id": link.stripe_customer_id if link else None,
        "stripe_url": customer_url(client.mode, link.stripe_customer_id) if link else None,
        "held": held,
        "unpaid": unpaid_words(session, client, row, held.subscription, held.estimate) if held else "",
        "balance": customer_balance.balance_of(session, link, held.subscription if held else None),
        "method": method_of(session, link, held, moment),
        "step_words": STEPS[row.step] if due or row.step != "suspended" else "Suspended",
        "unsent_mails": mail_outbox.unsent_mails(session, client.id),
        "odd_quantities": flat_quantities.odd_quantities(session, held.subscription) if held else [],
        "next_step": dunning_emails.next_step(Footing.of(row), ladder.current(session)),
        "due": due,
        "token": secrets.token_urlsafe(16),
        "troubles": disputes.of_client(session, client),
        "limit_notices": standing.staff_notices(session, client),
        "bars": quota_bars.quota_bars(session, row.quotas, client.id),
        "comp": comps.running_comp(session, client),
        "overrides": {one.resource_id: one for one in quota_overrides.running_overrides(session, client)},
        "sessions": browser_sessions.listed(session, client),
        "workspaces": workspaces.workspaces_of(session, client.id),
        "invoices": staff_invoices.invoice_page(session, link, moment),
        "happenings": happenings,
        "older": older,
        "moment": moment,
        "may_change": current_staff().role in ("owner", "admin"),
    }


def subscription_card(client: Client) -> str:
    """The card of the subscription alone."""
    return render_template("clients/_subscription.html", **facts(db.session(), client))


def held_of_client(session: Session, client: Client) -> Held | None:
    """The main subscription, for pages that show nothing else of the client."""
    return held_of(session, entitlement_of(session, client), client_clock.moment_of(session, client))


def entitlement_of(session: Session, client: Client) -> Entitlement:
    return session.scalars(
        select(Entitlement)
        .where(Entitlement.client_id == client.id)
        .options(joinedload(Entitlement.plan), selectinload(Entitlement.quotas).joinedload(EntitledQuota.resource))
    ).one()


def status_of(client: Client, row: Entitlement, held: Held | None, moment: datetime) -> StatusText:
    if client.archived_at is not None:
        return ARCHIVED
    return status_words(row, held.subscription if held else None, moment)


def held_of(session: Session, row: Entitlement, moment: datetime) -> Held | None:
    """The main subscription, also one that has ended."""
    found = estimates.subscriptions_of(session, [row])
    if not found:
        return None
    ((key, subscription),) = found.items()
    started_at = min((item.period_started_at for item in subscription.items), default=None)
    period_ends_at = min((item.period_ends_at for item in subscription.items), default=None)
    ends_at = subscription_facts.ends_at(subscription)
    return Held(
        subscription,
        subscription_words(subscription, ends_at, moment),
        estimates.estimates(session, found).get(key),
        next_payment(session, subscription, moment),
        started_at,
        period_ends_at,
        ends_at,
    )


def method_of(session: Session, link: ClientCustomer | None, held: Held | None, moment: datetime) -> MethodWords | None:
    method = usual_method(session, link, held.subscription if held else None)
    return payment_method_text.method_words(method, moment) if method else None
