"""Emails to owners and admins about findings: at once for money, a digest each morning for the rest, none twice."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.domain.common.dates import time_of_day
from billingportal.domain.common.plurals import counted
from billingportal.domain.health.findings.store import IS_STANDING, WEIGHT, is_snoozed
from billingportal.domain.mail import messages as mail_messages
from billingportal.domain.mail import outbox
from billingportal.domain.mail import settings as mail_settings
from billingportal.models import HealthFinding, Staff

# Hours of the day, UTC. A worker that was stopped in the morning writes when it is back, but not in the evening.
MORNING = range(7, 12)
READERS = ("owner", "admin")
# Findings that one email spells out.
MOST = 20


def write_due(session: Session, settings: Settings) -> int:
    """Queue the emails that are due. Returns how many findings they tell. Without a mail server nothing is noted, so
    that what still stands is told once there is one."""
    if not mail_settings.is_on(session):
        return 0
    moment = now()
    rows = session.scalars(
        select(HealthFinding)
        .where(IS_STANDING, HealthFinding.mailed_at.is_(None))
        .order_by(WEIGHT, HealthFinding.first_seen_at)
        .with_for_update()
    ).all()
    urgent = [row for row in rows if row.severity == "money"]
    if urgent:
        what = f"{counted(len(urgent), 'findings')} about money"
        write(session, urgent, settings, occasion_of(urgent[0]), what)
    rest = [row for row in rows if row.severity != "money" and not is_snoozed(row, moment)]
    if not rest or moment.hour not in MORNING or has_digest(session, moment):
        return len(urgent)
    write(session, rest, settings, digest_occasion(moment), f"{counted(len(rest), 'findings')} since the last digest")
    return len(urgent) + len(rest)


def occasion_of(row: HealthFinding) -> str:
    """Named after the first finding that it tells: each raise is told once."""
    return f"health:{row.id}.{row.times_raised}"


def digest_occasion(moment: datetime) -> str:
    return f"health-digest:{moment.date()}"


def has_digest(session: Session, moment: datetime) -> bool:
    """Whether today's digest was written."""
    return any(outbox.is_written(session, f"{digest_occasion(moment)}:{one.id}") for one in readers(session))


def readers(session: Session) -> Sequence[Staff]:
    return session.scalars(select(Staff).where(Staff.role.in_(READERS)).order_by(Staff.id)).all()


def write(session: Session, rows: Sequence[HealthFinding], settings: Settings, occasion: str, what: str) -> None:
    """Queue one email for each reader, and note that these findings were told."""
    moment, brand = now(), mail_messages.brand_name(session)
    subject = f"{what}: {rows[0].title}" if len(rows) == 1 else what
    body = "\n\n".join([*(paragraph(row, moment) for row in rows[:MOST]), *ending(rows, settings), brand])
    for reader in readers(session):
        hello = f"Hello {reader.name},\n\n{body}"
        outbox.write_to_staff(session, reader.id, "findings", f"{occasion}:{reader.id}", subject, hello)
    for row in rows:
        row.mailed_at = moment


def paragraph(row: HealthFinding, moment: datetime) -> str:
    mode = " (test mode)" if row.mode == "test" else ""
    since = time_of_day(row.first_seen_at, moment.date())
    return f"{row.severity.capitalize()}: {row.title}{mode}\n{row.meaning}\nSince {since}."


def ending(rows: Sequence[HealthFinding], settings: Settings) -> list[str]:
    more = [f"And {len(rows) - MOST:,} more."] if len(rows) > MOST else []
    where = f"{settings.public_url}/saas/health" if settings.public_url else "SaaS > Health"
    return [*more, f"What repairs each of them: {where}"]
