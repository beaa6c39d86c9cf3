"""Findings about what the portal sends: outgoing webhooks and emails."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.outgoing_webhooks.events import record_event
from billingportal.models import MailSettings, OutgoingDelivery, OutgoingEndpoint
from tests.domain.health.provoked.row import Provoked
from tests.support.people.mail_receiver import switch_mail_on
from tests.support.stripe.worlds import World

Patch = pytest.MonkeyPatch
URL = "https://chat.example.com/hooks"


def add_endpoint(_: World) -> None:
    with transaction() as session:
        session.add(
            OutgoingEndpoint(
                mode="test",
                url=URL,
                events=["limit.reached"],
                secret_end="abcd",
                secret_sealed="sealed",
                created_at=now(),
            )
        )


def leave_waiting(_: World, __: Patch) -> None:
    with transaction() as session:
        record_event(session, "test", "limit.reached", None, {"number": 1})
    with transaction() as session:
        session.execute(update(OutgoingDelivery).values(created_at=now() - timedelta(hours=1)))
        session.execute(update(OutgoingEndpoint).values(last_problem="HTTP 500"))


def take(_: World, __: Patch) -> None:
    with transaction() as session:
        session.execute(update(OutgoingDelivery).values(state="taken"))


def switch_off(_: World, __: Patch) -> None:
    with transaction() as session:
        session.execute(update(OutgoingEndpoint).values(state="off", off_reason="failing", off_at=now()))


def switch_on(_: World, __: Patch) -> None:
    with transaction() as session:
        session.execute(update(OutgoingEndpoint).values(state="on", off_reason=None, off_at=None))


def set_up_mail(_: World) -> None:
    switch_mail_on()


def refuse_mail(_: World, __: Patch) -> None:
    with transaction() as session:
        session.execute(update(MailSettings).values(problem="The server refused the password."))


def take_mail(_: World, __: Patch) -> None:
    with transaction() as session:
        session.execute(update(MailSettings).values(problem=""))


ROWS = (
    Provoked("outgoing.behind", leave_waiting, f"Waiting for {URL}: 1 message", "HTTP 500", take, add_endpoint),
    Provoked(
        "outgoing.off", switch_off, f"{URL} was switched off", "took nothing for three days", switch_on, add_endpoint
    ),
    Provoked(
        "mail.failing", refuse_mail, "The mail server takes no emails", "refused the password", take_mail, set_up_mail
    ),
)
