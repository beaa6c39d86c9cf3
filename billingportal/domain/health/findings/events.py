"""Events from Stripe: whether they arrive, in time, through the webhook, and are applied."""

from datetime import datetime, timedelta
from functools import partial
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.dates import time_of_day
from billingportal.domain.common.plurals import counted
from billingportal.domain.connection.processor_accounts import connected
from billingportal.domain.health.findings.check import Check, Result, Surroundings
from billingportal.domain.health.findings.connection.account import subject
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.models import EventDestination, ProcessorAccount, StripeEvent
from billingportal.models.connection.processor_account import MODES, Mode
from billingportal.models.connection.stripe_event import EventState

# An event is applied within seconds; one that Stripe has to be asked about, within minutes.
LONGEST_WAIT = timedelta(minutes=15)
# Catch-up reads every two minutes beside the webhook, and tries again ten minutes after a problem.
LONGEST_BEHIND = timedelta(minutes=15)
# Reports about usage are read every ten minutes, and every minute without deliveries.
LONGEST_UNREAD = timedelta(minutes=40)
# Stripe delivers within seconds.
LONGEST_LAG = timedelta(minutes=2)
LATELY = timedelta(hours=1)
NEWEST = 100
FEWEST = 3
KEYS = (
    "inbox.failed",
    "inbox.waiting",
    "catch_up.behind",
    "destination.behind",
    "webhook.lag",
    "webhook.silent",
)


def check_events(surroundings: Surroundings, mode: Mode) -> Result:
    """Looks at rows only, so the result stands for the moment when they are read."""
    moment = now()
    with surroundings.reading() as session:
        account = connected(session, mode)
        if account is None:
            return Result((), moment)
        each = (failed, waiting, catch_up_behind, reports_behind, lag, silent)
        found = [one for look in each if (one := look(session, account, moment)) is not None]
    return Result(tuple(found), moment)


def finding(account: ProcessorAccount, key: str, title: str, meaning: str, action: Action) -> Found:
    return Found(key, title, meaning, action, subject(account), account.mode)


def count_in(session: Session, account: ProcessorAccount, state: EventState) -> tuple[int, datetime | None]:
    """How many events are in this state, and when the oldest came."""
    mine = select(func.count(), func.min(StripeEvent.received_at)).where(
        StripeEvent.processor_account_id == account.id, StripeEvent.state == state
    )
    count, oldest = session.execute(mine).one()
    return count, oldest


def failed(session: Session, account: ProcessorAccount, moment: datetime) -> Found | None:
    count, oldest = count_in(session, account, "failed")
    if oldest is None:
        return None
    title = f"{counted(count, 'events')} from Stripe could not be applied"
    meaning = (
        f"The oldest came at {time_of_day(oldest, moment.date())}. What they tell is missing here: "
        "a payment, a plan or a card may be out of date."
    )
    action = Action("Apply them again", "repair", "events.replay", {"account_id": account.id})
    return finding(account, "inbox.failed", title, meaning, action)


def waiting(session: Session, account: ProcessorAccount, moment: datetime) -> Found | None:
    count, oldest = count_in(session, account, "pending")
    if oldest is None or oldest > moment - LONGEST_WAIT:
        return None
    title = f"Waiting to be applied: {counted(count, 'events')} from Stripe"
    meaning = (
        f"The oldest has waited since {time_of_day(oldest, moment.date())}. Plans and payments may be out of date."
    )
    return finding(account, "inbox.waiting", title, meaning, Action("See the events", "page", "events"))


def catch_up_behind(session: Session, account: ProcessorAccount, moment: datetime) -> Found | None:
    """A first full read is under way until `complete_up_to` is set: that is said on its own page."""
    row = account.catch_up
    complete = row.complete_up_to if row else None
    begun = complete or account.connected_at or moment
    if begun > moment - LONGEST_BEHIND:
        return None
    title = f"Events are complete only up to {time_of_day(begun, moment.date())}"
    meaning = f"{(row.problem if row else None) or 'Reading from Stripe takes long.'} Later events may be missing here."
    action = Action("Read from Stripe now", "repair", "catch_up.run", {"account_id": account.id})
    return finding(account, "catch_up.behind", title, meaning, action)


def reports_behind(session: Session, account: ProcessorAccount, moment: datetime) -> Found | None:
    row: EventDestination | None = account.destination
    read_up_to = row.read_up_to if row else None
    begun = read_up_to or account.connected_at or moment
    if begun > moment - LONGEST_UNREAD:
        return None
    title = f"Usage errors have not been read since {time_of_day(begun, moment.date())}"
    meaning = "Usage that Stripe rejected since then is unknown here, and would not be billed."
    action = Action("Read from Stripe now", "repair", "connection.check", {"account_id": account.id})
    return finding(account, "destination.behind", title, meaning, action)


def lag(session: Session, account: ProcessorAccount, moment: datetime) -> Found | None:
    """By the median, since single retries of Stripe's say nothing."""
    rows = newest(session, account, moment)
    lags = [(received - created).total_seconds() for source, created, received in rows if source == "webhook"]
    if len(lags) < FEWEST or (middle := median(lags)) <= LONGEST_LAG.total_seconds():
        return None
    minutes = round(middle / 60)
    title = f"Events come {counted(minutes, 'minutes')} late"
    meaning = f"Half of the last {len(lags)} took longer. Plans change that much later after a payment."
    return finding(account, "webhook.lag", title, meaning, Action("See the events", "page", "events"))


def silent(session: Session, account: ProcessorAccount, moment: datetime) -> Found | None:
    """Events that catch-up found, though the webhook had been registered and had had time to bring them."""
    endpoint = account.endpoint
    if endpoint is None or endpoint.state != "registered" or endpoint.registered_at is None:
        return None
    registered_at = endpoint.registered_at
    missed = [
        created
        for source, created, received in newest(session, account, moment)
        if source == "catch-up" and created > registered_at and received - created > LONGEST_LAG
    ]
    if not missed:
        return None
    title = f"{counted(len(missed), 'events')} did not come through the webhook"
    meaning = (
        f"The first at {time_of_day(min(missed), moment.date())}. They were read from Stripe’s list, minutes late. "
        "Stripe gets no answer at our address, or is not asked to deliver."
    )
    action = Action("Check the webhook", "repair", "connection.check", {"account_id": account.id})
    return finding(account, "webhook.silent", title, meaning, action)


def newest(session: Session, account: ProcessorAccount, moment: datetime) -> list[tuple[str, datetime, datetime]]:
    """Source, creation and arrival of the newest events of the last hour."""
    rows = session.execute(
        select(StripeEvent.source, StripeEvent.created_at, StripeEvent.received_at)
        .where(StripeEvent.processor_account_id == account.id)
        .order_by(StripeEvent.id.desc())
        .limit(NEWEST)
    )
    return [(source, created, received) for source, created, received in rows if received > moment - LATELY]


CHECKS = tuple(
    Check(
        f"events.{mode}",
        "Events arrive in time, through the webhook, and are applied",
        "connection",
        KEYS,
        30,
        partial(check_events, mode=mode),
        mode,
    )
    for mode in MODES
)
