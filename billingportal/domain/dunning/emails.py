"""Emails to a client while a payment fails: one at each dunning step, and one when it is paid."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from sqlalchemy.orm import Session

from billingportal.domain.common.dates import day
from billingportal.domain.dunning import ladder
from billingportal.domain.dunning.ladder import Ladder
from billingportal.domain.mail import messages as mail_messages
from billingportal.domain.mail.messages import Letter
from billingportal.domain.mail.outbox import BILLING_LINK
from billingportal.models import Client, Entitlement
from billingportal.models.entitlements.entitlement import LadderStep, Standing

# The subscription is live and no payment fails: only then was an ended step ended by paying.
SOUND = ("active", "trialing", "canceling")
# A dunning step, or a first payment that failed: its plan has not started, so there is nothing to restrict by steps.
FailingState = LadderStep | Literal["first_payment"]
SUBJECTS: dict[FailingState, str] = {
    "none": "Your payment went through",
    "first_payment": "Your first payment failed",
    "grace": "Your payment did not go through",
    "warned": "Your payment still fails",
    "limited": "Your payment still fails: nothing new can be made",
    "suspended": "Your payment still fails: access is suspended",
}
STATES: dict[FailingState, str] = {
    "first_payment": "The first payment for your plan failed. The plan starts as soon as you pay.",
    "grace": "The payment for your plan did not go through. Everything keeps working.",
    "warned": "The payment for your plan still fails. Everything keeps working for now.",
    "limited": "The payment for your plan still fails. All that is there keeps working, but nothing new can be made.",
    "suspended": "The payment for your plan still fails, so access is suspended. Nothing was deleted.",
}
COMING: dict[LadderStep, str] = {
    "limited": "nothing new can be made; all that is there keeps working",
    "suspended": "access is suspended; nothing is deleted",
}
WAY_OUT = "It is tried again by itself. To pay now or to use another card, open this page:"


@dataclass(frozen=True)
class Footing:
    """The fields of a client's entitlement that dunning emails depend on."""

    step: LadderStep
    standing: Standing
    failing_since: datetime | None
    stripe_subscription_id: str | None

    @property
    def state(self) -> FailingState:
        return "first_payment" if self.step == "none" and self.failing_since is not None else self.step

    @classmethod
    def of(cls, entitlement: Entitlement) -> Self:
        return cls(
            entitlement.step, entitlement.standing, entitlement.failing_since, entitlement.stripe_subscription_id
        )


def write_if_due(session: Session, client: Client, before: Footing | None, after: Footing) -> None:
    """Email the client when a payment fails, at each dunning step, and when it is paid; once for each."""
    if before is None:
        before = Footing("none", after.standing, None, after.stripe_subscription_id)
    if before.state == after.state:
        return
    if after.state == "none":
        if is_restored(before, after):
            write_email(session, client, before, "none", restored_words(before.state))
        return
    write_email(session, client, after, after.state, failing_words(after, ladder.current(session)))


def is_restored(before: Footing, after: Footing) -> bool:
    """Whether the payment was made. A subscription that ended, or was replaced, fails no longer either."""
    return after.standing in SOUND and before.stripe_subscription_id == after.stripe_subscription_id


def write_email(session: Session, client: Client, failing: Footing, state: FailingState, words: list[str]) -> None:
    since = failing.failing_since.isoformat() if failing.failing_since else ""
    occasion = f"ladder:{failing.stripe_subscription_id}:{since}:{state}"
    mail_messages.post(session, client, occasion, Letter(f"ladder_{state}", SUBJECTS[state], tuple(words)))


def restored_words(state: FailingState) -> list[str]:
    if state == "first_payment":
        return ["Thank you. The first payment for your plan went through, and the plan has started."]
    if state in ("limited", "suspended"):
        return ["Thank you. The payment for your plan went through, and everything works again as before."]
    return ["Thank you. The payment for your plan went through. There is nothing else to do."]


def failing_words(failing: Footing, chosen: Ladder) -> list[str]:
    """The email's paragraphs: the current step, the next one with its day, and how to pay."""
    words = STATES[failing.state]
    following = next_step(failing, chosen)
    if following is not None:
        step, starts_at = following
        words += f" From {day(starts_at)}, {COMING[step]}."
    return [words, WAY_OUT, BILLING_LINK]


def next_step(failing: Footing, chosen: Ladder) -> tuple[LadderStep, datetime] | None:
    """The next step that restricts the client's access, and its time; None when no such step follows."""
    if failing.failing_since is None:
        return None
    taken = ladder.steps(chosen, failing.failing_since)
    names = [step for step, _ in taken]
    later = taken[names.index(failing.step) + 1 :] if failing.step in names else []
    # Steps of the same day count as the last of them.
    ends = {starts_at: step for step, starts_at in later if step in COMING}
    first = min(ends, default=None)
    return (ends[first], first) if first is not None else None
