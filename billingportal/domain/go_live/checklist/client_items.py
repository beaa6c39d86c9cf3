"""Items about what clients and the host platform see: branding, email, API and outgoing webhooks."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.domain.common.dates import day
from billingportal.domain.go_live.checklist.item import Definition, Facts, Outcome, done, todo
from billingportal.domain.mail.settings import TESTED
from billingportal.models import (
    ApiKey,
    AuditEntry,
    Branding,
    MailSettings,
    OutgoingDelivery,
    OutgoingEndpoint,
    OutgoingMail,
    Plan,
    PlanPrice,
)

A_DAY = timedelta(days=1)
TEST_MESSAGE = "webhook.test"


def branding(facts: Facts) -> Outcome:
    row = facts.session.get(Branding, 1)
    if row is None:
        return todo("Name, colours, terms and privacy are not set.")
    missing = [name for name, value in (("terms", row.terms_url), ("privacy", row.privacy_url)) if not value]
    if missing:
        return todo(f"The address of {' and '.join(missing)} is missing.")
    return done(f"Changed {day(row.updated_at)}.")


def mail(facts: Facts) -> Outcome:
    row = facts.session.get(MailSettings, 1)
    if row is None or not row.is_on:
        return done("No mail server: clients get billing links only.")
    if row.problem:
        return todo(f"The mail server refuses: {row.problem}")
    tested = facts.session.scalar(
        select(func.max(AuditEntry.recorded_at)).where(
            AuditEntry.subject_type == TESTED[0], AuditEntry.subject_id == TESTED[1]
        )
    )
    sent = facts.session.scalar(select(func.max(OutgoingMail.sent_at)).where(OutgoingMail.state == "sent"))
    newest = max((one for one in (tested, sent) if one is not None), default=None)
    if newest is None or newest < row.updated_at:
        return todo("No email was sent since the mail server was saved. Send a test email.")
    return done("The mail server took an email.", newest)


def api_key(facts: Facts) -> Outcome:
    if not bills_usage(facts.session):
        return done("No plan bills usage.")
    used = facts.session.scalar(
        select(func.max(ApiKey.last_used_at)).where(ApiKey.mode == "live", ApiKey.revoked_at.is_(None))
    )
    if used is None or used < facts.moment - A_DAY:
        return todo("Usage is billed, and no call in live mode was seen within a day.", used)
    return done("The host platform called in live mode.", used)


def bills_usage(session: Session) -> bool:
    """Whether a plan for sale has a price that bills usage."""
    found = (
        select(PlanPrice.id)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .where(Plan.state == "active", PlanPrice.role == "usage", PlanPrice.retired_at.is_(None))
    )
    return session.scalar(found.limit(1)) is not None


def outgoing(facts: Facts) -> Outcome:
    """Every address of live mode took a test message, or any other, since its last problem."""
    rows = facts.session.scalars(
        select(OutgoingEndpoint).where(OutgoingEndpoint.mode == "live", OutgoingEndpoint.deleted_at.is_(None))
    ).all()
    if not rows:
        return done("None is set up in live mode.")
    wrong = [row.url for row in rows if row.state != "on" or row.failing_since is not None]
    if wrong:
        return todo(f"{', '.join(wrong)} takes no messages.")
    taken = [took_test(facts, row) for row in rows]
    if not all(taken):
        return todo("Send a test message to each address of live mode.")
    return done(f"{', '.join(row.url for row in rows)} took its test.")


def took_test(facts: Facts, row: OutgoingEndpoint) -> bool:
    found = select(OutgoingDelivery.id).where(
        OutgoingDelivery.endpoint_id == row.id, OutgoingDelivery.type == TEST_MESSAGE, OutgoingDelivery.state == "taken"
    )
    return row.last_taken_at is not None and facts.session.scalar(found.limit(1)) is not None


DEFINITIONS: Sequence[Definition] = (
    Definition(
        "branding",
        "clients",
        "Branding, terms and privacy are set",
        "Set your branding, terms and privacy",
        "branding",
        "Open branding",
        branding,
        may_be_waived=True,
    ),
    Definition("mail", "clients", "Email was tested", "Test your email", "mail", "Open mail", mail, may_be_waived=True),
    Definition(
        "api_key",
        "clients",
        "The live API key was used today",
        "Send an API call with the live key",
        "api_keys",
        "Show API keys",
        api_key,
        may_be_waived=True,
    ),
    Definition(
        "outgoing",
        "clients",
        "Outgoing webhooks took their test",
        "Test your outgoing webhooks",
        "outgoing",
        "Open webhooks",
        outgoing,
        may_be_waived=True,
    ),
)
