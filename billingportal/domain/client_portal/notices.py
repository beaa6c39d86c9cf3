"""The notice at the top of a client's billing page: at most one, the gravest, with the action to take."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from billingportal.domain.common.dates import day
from billingportal.domain.common.severity import Severity
from billingportal.models import Entitlement, Plan
from billingportal.models.entitlements.entitlement import LadderStep
from billingportal.models.plans.plan import TrialEnd
from billingportal.money import Money

# The action of the button beside it. `pay`: pay the open invoice. `card`: give or change a card. `start`: pay before
# the trial ends.
Action = Literal["pay", "card", "finish", "choose", "contact", "keep", "start", "resume", "restart", "none"]
NOW: dict[LadderStep, str] = {
    "limited": "All that is there keeps working, but nothing new can be made.",
    "suspended": "Access is suspended until it is paid. Nothing was deleted.",
}
COMING: dict[LadderStep, str] = {
    "limited": "nothing new can be made; all that is there keeps working",
    "suspended": "access is suspended; nothing is deleted",
}
WITHDRAWN: dict[LadderStep, str] = {
    "limited": NOW["limited"],
    "suspended": "Access is suspended. Nothing was deleted.",
}
AFTER_TRIAL: dict[TrialEnd, str] = {
    "pause": "Without a card your plan then pauses, until you add one.",
    "cancel": "Without a card your plan then ends.",
    "default": "Without a card you then go on with {base}.",
}


@dataclass(frozen=True)
class Notice:
    severity: Severity
    title: str
    words: str
    action: Action = "none"


@dataclass(frozen=True)
class Pause:
    """The partner paused payments in Stripe. `may_be_charged_later`: invoices of this time are kept."""

    ends_at: datetime | None
    may_be_charged_later: bool


@dataclass(frozen=True)
class Situation:
    """The facts that decide the notice. `next_step`: the next dunning step and its start.

    `base_plan` names the plan without a paid subscription. `has_checkout`: an open checkout can be finished.
    `is_under_way`: the bank is working on the payment of `due`, which must not be paid again.
    """

    held: Entitlement
    moment: datetime
    trial_ends_at: datetime | None
    ends_at: datetime | None
    due: Money | None
    next_step: tuple[LadderStep, datetime] | None
    method: str | None
    next_payment: str
    base_plan: str | None
    has_checkout: bool
    pause: Pause | None = None
    is_under_way: bool = False


def notice_for(now: Situation) -> Notice | None:
    """The gravest notice; None when there is none."""
    held = now.held
    if held.standing == "suspended":
        return Notice("bad", "Access is suspended", "Nothing was deleted. Write to us to open it again.", "contact")
    if held.step != "none":
        return failing(now)
    if now.pause is not None and held.standing in ("active", "trialing"):
        return collection_paused(now.pause)
    if held.failing_since is not None:
        return not_started(now)
    by_standing = {
        "trialing": on_trial,
        "waiting": waiting,
        "canceling": leaving,
        "paused": paused,
        "ended": ended,
    }.get(held.standing)
    if by_standing is not None:
        return by_standing(now)
    if now.is_under_way:
        words = "Your bank may take a few days. Everything keeps working, and there is nothing else to pay."
        return Notice("info", f"Your payment of {now.due} is on its way", words)
    return Notice("info", "You have no plan", "Choose one to start.", "choose") if held.plan_id is None else None


def failing(now: Situation) -> Notice:
    """The notice for a failing payment: the present restriction, and the next one with its date."""
    if now.due is None:
        return nothing_to_pay(now)
    charged = f" {now.method} could not be charged." if now.method else ""
    if now.held.step in NOW:
        state = NOW[now.held.step]
    elif now.next_step is not None:
        state = f"Everything keeps working until {day(now.next_step[1])}."
    else:
        state = "Everything keeps working."
    coming = ""
    if now.next_step is not None:
        step, starts_at = now.next_step
        when = "From then on" if now.held.step not in NOW else f"From {day(starts_at)}"
        coming = f" {when} {COMING[step]}." if step in COMING else ""
    words = f"{state}{coming}{charged} Pay now, or use another card: paying puts everything right at once."
    return Notice("bad", f"Your payment of {now.due} did not work", words, "pay")


def nothing_to_pay(now: Situation) -> Notice:
    """The notice while a payment fails whose invoice was withdrawn: no payment helps before the next invoice."""
    name = plan_name(now.held.plan)
    state = WITHDRAWN.get(now.held.step, "Everything keeps working for now.")
    words = f"{state} The invoice was withdrawn, so there is nothing to pay now."
    return Notice("bad", f"{name} is not paid", f"{words} To start again, end {name} now and choose a plan.", "restart")


def not_started(now: Situation) -> Notice:
    """The first payment failed: after a trial, or by a bank debit. Nothing is had before it is paid."""
    amount = f" of {now.due}" if now.due else ""
    charged = f"{now.method} could not be charged, so" if now.method else "It did not go through, so"
    until = f"Until then you have {now.held.plan.name}." if now.held.plan else "Nothing was deleted."
    paying = "Pay now, or use another card" if now.due else "Use another card"
    words = f"{charged} your plan has not started. {paying}: your plan starts as soon as it is paid. {until}"
    return Notice("bad", f"Your first payment{amount} failed", words, "pay" if now.due else "card")


def on_trial(now: Situation) -> Notice | None:
    if now.trial_ends_at is None:
        return None
    title = f"Your trial ends on {day(now.trial_ends_at)}"
    if now.method is not None:
        return Notice(
            "info", title, f"Then {now.next_payment} is charged to {now.method}. You can cancel before.", "start"
        )
    words = after_trial(now.held.plan, now.base_plan)
    return Notice("info", title, f"{words} Add a card to keep {plan_name(now.held.plan)}.", "card")


def after_trial(plan: Plan | None, base_plan: str | None) -> str:
    end: TrialEnd = plan.trial_end if plan else "cancel"
    if end == "default" and base_plan is None:
        end = "cancel"
    return AFTER_TRIAL[end].format(base=base_plan)


def waiting(now: Situation) -> Notice:
    if now.due is not None and not now.is_under_way:
        words = f"Your plan starts as soon as {now.due} is paid."
        return Notice("info", "Your payment is not finished", words, "pay")
    if now.has_checkout:
        words = "Your plan starts as soon as it is paid. Nothing was charged yet."
        return Notice("info", "Your purchase is not finished", words, "finish")
    amount = f" of {now.due}" if now.due else ""
    words = "Your bank may take a few days. Your plan starts when it has arrived, and there is nothing else to pay."
    return Notice("info", f"Your payment{amount} is on its way", words)


def leaving(now: Situation) -> Notice | None:
    if now.ends_at is None:
        return None
    then = f"Then you go on with {now.base_plan}." if now.base_plan else "Then you have no plan."
    words = f"You keep everything until then. {then} Nothing is deleted."
    return Notice("warn", f"{plan_name(now.held.plan)} ends on {day(now.ends_at)}", words, "keep")


def collection_paused(pause: Pause) -> Notice:
    """The notice while Stripe does not collect invoices, whatever the plan's status is."""
    until = f" until {day(pause.ends_at)}" if pause.ends_at else ""
    words = "Your plan keeps working and nothing is charged."
    if pause.may_be_charged_later:
        words += " Invoices of this time may be charged later."
    return Notice("info", f"Payments are paused{until}", words)


def paused(now: Situation) -> Notice:
    """A trial paused for lack of a card resumes by paying. A paying client was paused by the partner."""
    title = "Your plan is paused"
    if now.held.source == "subscription":
        return Notice("warn", title, "Nothing is charged. Write to us to go on.", "contact")
    if now.method is None:
        return Notice("warn", title, "Your trial ended without a card. Add one to go on.", "card")
    words = f"Your trial has ended. To go on, {now.next_payment} is charged to {now.method} now."
    return Notice("warn", title, words, "resume")


def ended(now: Situation) -> Notice:
    has = f"You now have {now.base_plan}." if now.base_plan else "You have no plan now."
    return Notice("info", "Your subscription has ended", f"{has} Nothing was deleted.", "choose")


def plan_name(plan: Plan | None) -> str:
    return plan.name if plan else "your plan"
