"""The notice at the top of a client's billing page: at most one, the gravest, with the action to take."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from billingportal.domain.client_portal.due_invoices import Due
from billingportal.domain.common.dates import day
from billingportal.domain.common.severity import Severity
from billingportal.domain.plan_changes.trials import TrialEnding
from billingportal.models import Entitlement, Plan
from billingportal.models.entitlements.entitlement import LadderStep

# The action of the button beside it. `pay`: pay the open invoice. `confirm`: confirm its payment at the bank. `card`:
# give or change a card. `start`: pay before the trial ends. `restart`: end the plan, to choose one anew.
Action = Literal["pay", "confirm", "card", "finish", "choose", "contact", "keep", "start", "resume", "restart", "none"]
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
    due: Due | None
    next_step: tuple[LadderStep, datetime] | None
    method: str | None
    next_payment: str
    base_plan: str | None
    has_checkout: bool
    pause: Pause | None = None
    trial: TrialEnding | None = None


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
    if now.due is not None and now.due.standing == "processing":
        words = "Your bank may take a few days. Everything keeps working, and there is nothing else to pay."
        return Notice("info", f"Your payment of {now.due.amount} is on its way", words)
    return Notice("info", "You have no plan", "Choose one to start.", "choose") if held.plan_id is None else None


def failing(now: Situation) -> Notice:
    """The notice for a failing payment: the present restriction, and the next one with its date."""
    state = restriction(now)
    if now.due is None:
        return nothing_to_pay(now)
    under_way = unfinished(now.due)
    if under_way is not None:
        return replace(under_way, words=f"{under_way.words} {state}")
    if now.due.sent_until is not None:
        title = f"Your invoice of {now.due.amount} was due on {day(now.due.sent_until)}"
        return Notice("bad", title, f"{state} Everything works again as soon as you pay.", "pay")
    declined = f"Your bank declined the {now.due.failed_method}. " if now.due.failed_method else ""
    words = f"{declined}{state} Pay now, or use another card: everything works again as soon as you pay."
    return Notice("bad", f"Your payment of {now.due.amount} failed", words, "pay")


def restriction(now: Situation) -> str:
    """What works now, and what comes next with its date."""
    if now.held.step in NOW:
        state = NOW[now.held.step]
    elif now.next_step is not None:
        state = f"Everything keeps working until {day(now.next_step[1])}."
    else:
        state = "Everything keeps working."
    if now.next_step is None or now.next_step[0] not in COMING:
        return state
    step, starts_at = now.next_step
    when = "From then on" if now.held.step not in NOW else f"From {day(starts_at)}"
    return f"{state} {when} {COMING[step]}."


def nothing_to_pay(now: Situation) -> Notice:
    """The notice while a payment fails whose invoice was withdrawn: no payment helps before the next invoice."""
    name = plan_name(now.held.plan)
    state = WITHDRAWN.get(now.held.step, "Everything keeps working for now.")
    words = f"{state} The invoice was withdrawn, so there is nothing to pay now."
    return Notice("bad", f"{name} is not paid", f"{words} To start again, end {name} now and choose a plan.", "restart")


def not_started(now: Situation) -> Notice:
    """The first payment failed: after a trial, or by a bank debit. Nothing is had before it is paid."""
    until = f"Until then you have {now.held.plan.name}." if now.held.plan else "Nothing was deleted."
    if now.due is None:
        words = "It did not go through, so your plan has not started. Use another card: your plan starts as soon as it"
        return Notice("bad", "Your first payment failed", f"{words} is paid. {until}", "card")
    under_way = unfinished(now.due)
    if under_way is not None:
        return replace(under_way, words=f"{under_way.words} Your plan starts as soon as it is paid. {until}")
    declined = f"Your bank declined the {now.due.failed_method}" if now.due.failed_method else "It did not go through"
    words = f"{declined}, so your plan has not started. Pay now, or use another card: your plan starts as soon as it"
    return Notice("bad", f"Your first payment of {now.due.amount} failed", f"{words} is paid. {until}", "pay")


def unfinished(due: Due) -> Notice | None:
    """The notice for a payment that waits for the bank, the client or a new card; None for one that just failed."""
    if due.standing == "processing":
        words = "Your bank may take a few days, and there is nothing else to pay."
        return Notice("info", f"Your payment of {due.amount} is on its way", words)
    if due.is_saved_since:
        words = "You saved a new card. Pay with it, and everything is settled."
        return Notice("warn", f"{due.amount} is still open", words, "pay")
    if due.standing == "confirm":
        words = "Your bank wants you to confirm it. It takes a minute on Stripe’s secure page."
        return Notice("warn", f"Confirm your payment of {due.amount}", words, "confirm")
    return None


def on_trial(now: Situation) -> Notice | None:
    if now.trial_ends_at is None:
        return None
    title = f"Your trial ends on {day(now.trial_ends_at)}"
    if now.trial is not None and now.trial.outcome == "billed":
        return Notice("info", title, f"{now.trial.words} You can cancel before.")
    if now.method is not None:
        return Notice(
            "info", title, f"Then {now.next_payment} is charged to {now.method}. You can cancel before.", "start"
        )
    words = now.trial.words if now.trial else ""
    return Notice("info", title, f"{words} Add a card to keep {plan_name(now.held.plan)}.".strip(), "card")


def waiting(now: Situation) -> Notice:
    if now.due is not None:
        starts = f"Your plan starts as soon as {now.due.amount} is paid."
        under_way = unfinished(now.due)
        if under_way is not None:
            return replace(under_way, words=f"{under_way.words} {starts}")
        declined = f"Your bank declined the {now.due.failed_method}. " if now.due.failed_method else ""
        return Notice("info", "Your payment is not finished", f"{declined}{starts}", "pay")
    if now.has_checkout:
        words = "Your plan starts as soon as it is paid. Nothing was charged yet."
        return Notice("info", "Your purchase is not finished", words, "finish")
    words = "Your bank may take a few days. Your plan starts when it has arrived, and there is nothing else to pay."
    return Notice("info", "Your payment is on its way", words)


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
