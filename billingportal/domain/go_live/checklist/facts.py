"""Asks Stripe for the facts that only Stripe knows, and stores them with their time."""

from datetime import timedelta

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.connection import processor_accounts
from billingportal.domain.go_live.checklist.stripe_items import ACCOUNT_FACT
from billingportal.models import LiveFact
from billingportal.models.go_live.live_fact import FactState
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.go_live.account_readiness import AccountReadiness

EVERY = timedelta(minutes=10)


def accounts_due(session: Session) -> list[int]:
    """The id of the live account whose facts are due."""
    fact = session.get(LiveFact, ACCOUNT_FACT)
    if fact is not None and now() - EVERY < fact.checked_at <= now():
        return []
    return processor_accounts.working_accounts(session, "live")


def ask(transaction: Transaction, gateway: StripeGateway) -> None:
    """Ask about the live account. A question without an answer leaves the fact unknown."""
    try:
        state, words = said_of(gateway.account_readiness.read())
    except StripeProblem as problem:
        state, words = "unknown", f"Stripe did not say: {problem.message}"
    with transaction() as session:
        session.merge(LiveFact(name=ACCOUNT_FACT, state=state, words=words, checked_at=now()))


def said_of(found: AccountReadiness) -> tuple[FactState, str]:
    """The fact in words."""
    wrong = []
    if found.disabled_reason:
        wrong.append(f"disabled: {found.disabled_reason}")
    if found.is_charging is False:
        wrong.append("charges are not enabled")
    if found.is_paying_out is False:
        wrong.append("payouts are not enabled")
    if found.due:
        wrong.append(f"Stripe asks for {', '.join(found.due)}")
    if wrong:
        return "bad", f"{'; '.join(wrong)}."
    if found.is_charging is None or found.is_paying_out is None or found.due is None:
        return "unknown", "Stripe does not say whether charges and payouts are enabled."
    return "good", found.name or "Charges and payouts are enabled."
