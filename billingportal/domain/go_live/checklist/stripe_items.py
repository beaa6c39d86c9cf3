"""Items about Stripe: keys, account, webhooks, and what checkout asks for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from billingportal.domain.common.dates import day
from billingportal.domain.connection import processor_accounts
from billingportal.domain.go_live.checklist.findings import Told, told
from billingportal.domain.go_live.checklist.item import Definition, Facts, Outcome, done, todo, unknown
from billingportal.models import LiveFact, PortalConfiguration, ProcessorAccount, SellingSettings
from billingportal.models.connection.processor_account import MODES

ACCOUNT_FACT = "account"
# The worker asks every few minutes.
FRESH = timedelta(minutes=30)


def both_modes(facts: Facts) -> Outcome | None:
    """What is to be done first where a mode is not connected."""
    missing = [mode for mode in MODES if mode not in {one.mode for one in facts.accounts}]
    return todo(f"Stripe is not connected in {' and '.join(missing)} mode.") if missing else None


def keys(facts: Facts) -> Outcome:
    first = both_modes(facts)
    if first is not None:
        return first
    wrong = [one for one in facts.accounts if one.key_state != "working" or has_problem(one)]
    checked = [one.checked_at for one in facts.accounts if one.checked_at is not None]
    if wrong:
        return todo(f"The key of {' and '.join(one.mode for one in wrong)} mode does not work or lacks rights.")
    if len(checked) < len(facts.accounts):
        return unknown("The keys are being checked.")
    if is_stale(min(checked), facts):
        return unknown("The keys were not checked lately: is the worker running?", min(checked))
    return done("Test and live key work.", min(checked))


def is_stale(checked_at: datetime, facts: Facts) -> bool:
    """Whether an answer of Stripe's is too old to stand, or was written by a clock that was ahead."""
    return not facts.moment - FRESH < checked_at < facts.moment + FRESH


def has_problem(account: ProcessorAccount) -> bool:
    """Whether a line of the key's check is bad."""
    return any(cast(dict[str, str], line).get("kind") == "bad" for line in account.preflight)


def account(facts: Facts) -> Outcome:
    if facts.live is None:
        return todo("Stripe is not connected in live mode.")
    return of_fact(facts, ACCOUNT_FACT)


def of_fact(facts: Facts, name: str) -> Outcome:
    """The outcome of a fact that the worker asks for."""
    fact = facts.session.get(LiveFact, name)
    if fact is None:
        return unknown("The worker has not asked Stripe yet.")
    if is_stale(fact.checked_at, facts):
        return unknown(f"{fact.words} That was a while ago: is the worker running?", fact.checked_at)
    outcome = {"good": done, "bad": todo, "unknown": unknown}[fact.state]
    return outcome(fact.words, fact.checked_at)


def webhooks(facts: Facts) -> Outcome:
    first = both_modes(facts)
    if first is not None:
        return first
    wrong = [one.mode for one in facts.accounts if one.endpoint is None or one.endpoint.state != "registered"]
    if wrong:
        return todo(f"No webhook is registered in {' and '.join(wrong)} mode.")
    silent = [one.mode for one in facts.accounts if processor_accounts.last_event_at(facts.session, one) is None]
    if silent:
        return todo(f"No event has arrived in {' and '.join(silent)} mode yet.")
    return by_findings(told(facts.session, WEBHOOK_KEYS), "Registered, and an event arrived in each mode.")


# What else was wrong with them was repaired: Health goes on telling of it for a while, and it holds up nobody.
WEBHOOK_KEYS = ("webhook.missing",)
DESTINATION_KEYS = ("destination.missing",)


def destinations(facts: Facts) -> Outcome:
    first = both_modes(facts)
    if first is not None:
        return first
    wrong = [one.mode for one in facts.accounts if one.destination is None or one.destination.state != "registered"]
    if wrong:
        return todo(f"None in {' and '.join(wrong)} mode: errors are read every minute instead.")
    return by_findings(told(facts.session, DESTINATION_KEYS), "Registered in both modes.")


def by_findings(said: Told, words: str) -> Outcome:
    """Done where Health found nothing."""
    if said.state == "found":
        return todo(" ".join(one.title for one in said.found), said.as_of)
    return unknown(said.problem, said.as_of) if said.state == "unknown" else done(words, said.as_of)


def checkout(facts: Facts) -> Outcome:
    row = facts.session.get(SellingSettings, 1)
    if row is None:
        return todo("The settings of checkout and tax were never saved.")
    return done(f"{'Stripe Tax on' if row.computes_tax else 'No tax is computed'}. Saved {day(row.updated_at)}.")


def customer_portal(facts: Facts) -> Outcome:
    live = facts.live
    if live is None:
        return todo("Stripe is not connected in live mode.")
    row = facts.session.query(PortalConfiguration).filter_by(processor_account_id=live.id).one_or_none()
    if row is None:
        return todo("It is set up when you press the button, or at its first use.")
    return done("Clients change their card there.", row.updated_at)


DEFINITIONS: Sequence[Definition] = (
    Definition(
        "keys",
        "stripe",
        "Test and live keys are valid, with all rights",
        "Connect both modes with working keys",
        "processor",
        "Open Payment Processor",
        keys,
    ),
    Definition(
        "account",
        "stripe",
        "Charges and payouts are enabled, nothing is due",
        "Complete your account at Stripe",
        "stripe_account",
        "Open Stripe",
        account,
        may_be_waived=True,
    ),
    Definition(
        "webhooks",
        "stripe",
        "Webhooks are registered in both modes",
        "Let Stripe’s events reach the portal in both modes",
        "processor",
        "Open Payment Processor",
        webhooks,
    ),
    Definition(
        "destinations",
        "stripe",
        "Stripe’s usage errors reach the portal too",
        "Register the destination of usage errors",
        "processor",
        "Open Payment Processor",
        destinations,
        may_be_waived=True,
    ),
    Definition(
        "checkout",
        "stripe",
        "Tax and checkout settings are decided",
        "Decide about tax and checkout",
        "checkout",
        "Open checkout settings",
        checkout,
    ),
    Definition(
        "customer_portal",
        "stripe",
        "The customer portal is set up in live mode",
        "Set up the customer portal in live mode",
        "customer_portal",
        "Set it up",
        customer_portal,
        may_be_waived=True,
    ),
)
