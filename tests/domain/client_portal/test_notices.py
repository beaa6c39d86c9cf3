"""The one thing that a client is told, and what its button does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billingportal.domain.client_portal.due_invoices import Due
from billingportal.domain.client_portal.notices import Situation, notice_for
from billingportal.domain.plan_changes.trials import TrialEnding
from billingportal.models import Entitlement, Plan
from billingportal.money import Money

MOMENT = datetime(2026, 11, 22, tzinfo=UTC)
FAILED_FIRST = {"standing": "past_due", "failing_since": MOMENT, "source": "base"}
LATER = MOMENT + timedelta(days=6)


def situation(**given: Any) -> Situation:
    """A paying client to whom nothing has to be told. `held` changes the entitlement."""
    held = Entitlement(**{"standing": "active", "step": "none", "plan_id": 1, "plan": plan(), **given.pop("held", {})})
    usual = Situation(held, MOMENT, None, None, None, None, "Visa ending 4242", "US$49.00", "Starter", False)
    return replace(usual, **given)


def plan() -> Plan:
    return Plan(name="Growth")


def test_all_is_well() -> None:
    assert notice_for(situation()) is None


@pytest.mark.parametrize(
    ("step", "following", "words"),
    [
        ("grace", ("limited", LATER), "Everything keeps working until 28 November 2026. From then on nothing new"),
        ("warned", None, "Everything keeps working. Pay now"),
        ("limited", ("suspended", LATER), "nothing new can be made. From 28 November 2026 access is suspended"),
        ("suspended", None, "Access is suspended until it is paid. Nothing was deleted."),
    ],
)
def test_each_step_of_a_failing_payment_says_what_holds_and_what_comes(
    step: str, following: tuple[str, datetime] | None, words: str
) -> None:
    held = {"standing": "past_due", "step": step}
    told = notice_for(situation(held=held, due=Due(Money(4900, "usd")), next_step=following))
    assert told is not None
    assert told.title == "Your payment of US$49.00 failed"
    assert words in told.words
    assert (told.severity, told.action) == ("bad", "pay")


def test_a_trial_without_a_card_says_how_it_ends() -> None:
    ending = TrialEnding("paused", "Without a card it is paused then, until one is added.")
    told = notice_for(situation(held={"standing": "trialing"}, trial_ends_at=LATER, method=None, trial=ending))
    assert told is not None
    assert told.words == f"{ending.words} Add a card to keep Growth."
    assert told.action == "card"


def test_a_trial_that_is_billed_asks_for_no_card() -> None:
    ending = TrialEnding("billed", "Then it goes on as a paid plan, and an invoice is sent.")
    told = notice_for(situation(held={"standing": "trialing"}, trial_ends_at=LATER, method=None, trial=ending))
    assert told is not None
    assert told.words == f"{ending.words} You can cancel before."
    assert told.action == "none"


@pytest.mark.parametrize(
    ("given", "title", "action"),
    [
        ({"held": {"standing": "suspended", "step": "grace"}}, "Access is suspended", "contact"),
        ({"held": {"standing": "trialing"}, "trial_ends_at": LATER}, "Your trial ends on 28 November 2026", "start"),
        ({"held": {"standing": "canceling"}, "ends_at": LATER}, "Growth ends on 28 November 2026", "keep"),
        ({"held": {"standing": "waiting"}, "due": Due(Money(1, "usd"))}, "Your payment is not finished", "pay"),
        ({"held": {"standing": "waiting"}, "has_checkout": True}, "Your purchase is not finished", "finish"),
        ({"held": {"standing": "waiting"}}, "Your payment is on its way", "none"),
        (
            {"held": {"standing": "waiting"}, "due": Due(Money(2900, "usd"), "processing")},
            "Your payment of US$29.00 is on its way",
            "none",
        ),
        ({"due": Due(Money(2900, "usd"), "processing")}, "Your payment of US$29.00 is on its way", "none"),
        ({"held": FAILED_FIRST, "due": Due(Money(2900, "usd"))}, "Your first payment of US$29.00 failed", "pay"),
        ({"held": FAILED_FIRST}, "Your first payment failed", "card"),
        ({"held": {**FAILED_FIRST, "standing": "unpaid"}, "method": None}, "Your first payment failed", "card"),
        ({"held": {"standing": "paused"}, "method": None}, "Your plan is paused", "card"),
        ({"held": {"standing": "paused", "source": "base"}}, "Your plan is paused", "resume"),
        ({"held": {"standing": "paused", "source": "subscription"}}, "Your plan is paused", "contact"),
        ({"held": {"standing": "ended"}}, "Your subscription has ended", "choose"),
        ({"held": {"standing": "free", "plan_id": None}}, "You have no plan", "choose"),
    ],
)
def test_every_standing_is_told(given: dict[str, Any], title: str, action: str) -> None:
    told = notice_for(situation(**given))
    assert told is not None
    assert (told.title, told.action) == (title, action)


AMOUNT = Money(7700, "usd")


@pytest.mark.parametrize(
    ("due", "severity", "title", "words", "action"),
    [
        (
            Due(AMOUNT, failed_method="Visa ending 0341"),
            "bad",
            "Your payment of US$77.00 failed",
            "Your bank declined the Visa ending 0341. Everything keeps working.",
            "pay",
        ),
        (
            Due(AMOUNT, failed_method="Visa ending 0341", is_saved_since=True),
            "warn",
            "US$77.00 is still open",
            "You saved a new card. Pay with it, and everything is settled.",
            "pay",
        ),
        (Due(AMOUNT, "confirm"), "warn", "Confirm your payment of US$77.00", "Your bank wants you to", "confirm"),
        (Due(AMOUNT, "confirm", is_saved_since=True), "warn", "US$77.00 is still open", "You saved", "pay"),
        (Due(AMOUNT, "processing"), "info", "Your payment of US$77.00 is on its way", "Your bank may take", "none"),
        (
            Due(AMOUNT, "none", sent_until=MOMENT),
            "bad",
            "Your invoice of US$77.00 was due on 22 November 2026",
            "Everything keeps working.",
            "pay",
        ),
    ],
)
def test_a_payment_is_told_by_its_last_attempt(due: Due, severity: str, title: str, words: str, action: str) -> None:
    told = notice_for(situation(held={"standing": "past_due", "step": "grace"}, due=due))
    assert told is not None
    assert (told.severity, told.title, told.action) == (severity, title, action)
    assert words in told.words
    waiting = notice_for(situation(held={"standing": "waiting"}, due=due))
    assert waiting is not None
    assert waiting.action == action
    assert "Your plan starts as soon as US$77.00 is paid." in waiting.words
