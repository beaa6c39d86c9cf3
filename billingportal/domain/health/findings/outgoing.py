"""What the portal sends: outgoing webhooks to the host platform, and emails."""

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.dates import time_of_day
from billingportal.domain.common.plurals import counted
from billingportal.domain.health.findings.check import Check, Result, Surroundings
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.domain.mail import settings as mail_settings
from billingportal.domain.outgoing_webhooks.listing import Waiting, waiting_by_endpoint
from billingportal.models import OutgoingEndpoint, OutgoingMail
from billingportal.models.connection.processor_account import MODES, Mode

# Messages are sent within seconds, and again at growing pauses.
LONGEST_WAIT = timedelta(minutes=15)
# Emails that failed longer ago are history.
LATELY = timedelta(days=3)


def check_outgoing(surroundings: Surroundings, mode: Mode) -> Result:
    """Looks at rows only. An endpoint that staff paused is left alone."""
    moment = now()
    mine = select(OutgoingEndpoint).where(
        OutgoingEndpoint.mode == mode, OutgoingEndpoint.deleted_at.is_(None), OutgoingEndpoint.state != "paused"
    )
    with surroundings.reading() as session:
        rows = session.scalars(mine).all()
        waiting = waiting_by_endpoint(session, [row.id for row in rows])
        found = [of_endpoint(row, waiting.get(row.id, Waiting()), moment) for row in rows]
    return Result(tuple(one for one in found if one is not None), moment)


def of_endpoint(row: OutgoingEndpoint, waiting: Waiting, moment: datetime) -> Found | None:
    about, see = f"endpoint:{row.id}", Action("See the address", "page", "outgoing_webhook", {"endpoint_id": row.id})
    if row.state == "off":
        why = "answered 410 Gone" if row.off_reason == "gone" else "took nothing for three days"
        meaning = f"It {why}. Waiting: {counted(waiting.count, 'messages')}. Your platform does not know of payments."
        return Found("outgoing.off", f"{row.url} was switched off", meaning, see, about, row.mode)
    if waiting.since is None or waiting.since > moment - LONGEST_WAIT:
        return None
    title = f"Waiting for {row.url}: {counted(waiting.count, 'messages')}"
    meaning = f"The oldest since {time_of_day(waiting.since, moment.date())}. {row.last_problem or 'No answer yet.'}"
    return Found("outgoing.behind", title, meaning, see, about, row.mode)


def check_mail(surroundings: Surroundings) -> Result:
    """Whether the mail server takes our emails, where one is set up."""
    moment = now()
    with surroundings.reading() as session:
        chosen = mail_settings.find_settings(session)
        problem = chosen.problem if chosen is not None and chosen.is_on else ""
        unsent = count_unsent(session, moment) if chosen is not None and chosen.is_on else 0
    if not problem and not unsent:
        return Result((), moment)
    title = "The mail server takes no emails" if problem else f"{counted(unsent, 'emails')} could not be sent"
    meaning = (
        f"{problem} Clients don’t hear of failed payments and ends of trials."
        if problem
        else ("Their addresses were refused, or they were given up. Those clients don’t know.")
    )
    return Result((Found("mail.failing", title, meaning, Action("See the emails", "page", "mail")),), moment)


def count_unsent(session: Session, moment: datetime) -> int:
    failed = OutgoingMail.state == "failed", OutgoingMail.created_at > moment - LATELY
    return session.scalar(select(func.count()).select_from(OutgoingMail).where(*failed)) or 0


CHECKS = (
    *(
        Check(
            f"outgoing.{mode}",
            "Your platform gets its messages",
            "machine",
            ("outgoing.off", "outgoing.behind"),
            60,
            partial(check_outgoing, mode=mode),
            mode,
        )
        for mode in MODES
    ),
    Check("mail", "Emails are sent", "machine", ("mail.failing",), 60, check_mail),
)
