"""What clients are written, and when."""

import pytest
import stripe
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.mail import messages as mail_messages
from billingportal.models import MailSettings, OutgoingMail
from billingportal.models.auth.staff import Staff
from tests.support.catalog.catalog import catalog, connect
from tests.support.pages import Visitor
from tests.support.people.clients import catch_up, paid_plan, subscribed_client
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox

NOON = clock.from_unix(1_795_003_200)


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_end_of_a_subscription_is_written_about_once(
    app: Flask, signed_in: Visitor, owner: Staff, session: Session, sandbox: Sandbox
) -> None:
    account = new_account(sandbox)
    connect(app, signed_in, account.test_key)
    sdk: stripe.StripeClient = sandbox.client(account.test_key)
    one = subscribed_client(app, sdk, paid_plan(owner.id, catalog(sandbox, account), app))
    with transaction() as writing:
        server = {"host": "localhost", "port": 25, "security": "none", "sender": "billing@north.example"}
        writing.add(MailSettings(**server, updated_at=clock.now()))
    sdk.v1.subscriptions.cancel(one.subscription)
    for _ in range(2):
        catch_up(app, sdk, one)
    session.rollback()
    letter = session.scalars(select(OutgoingMail)).one()
    assert letter.subject == "Your plan Growth has ended"
    assert "You have no plan now. Nothing was deleted." in letter.body
    assert letter.body.startswith("Hello Harbor Dental,")
    assert letter.body.endswith("Billing Portal")


@pytest.mark.parametrize(
    ("needs_card", "words"),
    [
        (False, "It goes on then. You can cancel before that day."),
        (True, "It goes on then. To go on with the plan, add a card"),
    ],
)
def test_a_trial_that_ends_says_what_happens_then(needs_card: bool, words: str) -> None:
    letter = mail_messages.trial_ending("Growth", NOON, "It goes on then.", needs_card=needs_card)
    assert letter.subject == "Your trial of Growth ends on 18 November 2026"
    assert words in letter.words[0]


def test_an_end_without_a_plan_names_none() -> None:
    letter = mail_messages.subscription_ended("", present_plan="Starter")
    assert letter.subject == "Your subscription has ended"
    assert "You now have the plan Starter." in letter.words[0]
