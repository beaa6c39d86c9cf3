"""The retired prices of a plan as its page shows them: the price, and who still pays it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from billingportal.domain.prices.stored_prices import held_by_id
from billingportal.domain.subscriptions.retired_links import Payers, RetiredPrice, retired_prices
from billingportal.models import Plan
from billingportal.web.prices.card import PriceCard, price_card


@dataclass(frozen=True)
class RetiredCard:
    """A retired price. `card` is None when its price is not stored. `words` say who pays it. `may_move`: clients pay
    it, and it is not a price of usage."""

    plan_price_id: int
    stripe_price_id: str
    card: PriceCard | None
    words: tuple[str, ...]
    is_paid: bool
    may_move: bool


def retired_cards(session: Session, plan: Plan, account_id: int) -> list[RetiredCard]:
    """The cards of the plan's retired prices at an account, newest first."""
    return [retired_card(session, plan, one) for one in retired_prices(session, plan, account_id)]


def retired_card(session: Session, plan: Plan, retired: RetiredPrice) -> RetiredCard:
    link = retired.link
    price = held_by_id(session, link.processor_account_id, link.stripe_price_id)
    card = price_card(session, price, link.resource.unit if link.resource else None) if price else None
    amount = card.amount if card is not None and not card.tiers else "this price"
    words = tuple(payer_words(retired.payers, amount, plan.name))
    may_move = retired.payers.clients > 0 and link.role != "usage"
    return RetiredCard(link.id, link.stripe_price_id, card, words, retired.payers.are_there, may_move)


def payer_words(payers: Payers, amount: str, plan_name: str) -> list[str]:
    """For example "3 clients still pay US$15.00. They keep Growth, with the quotas they bought."."""
    if not payers.are_there:
        return ["No client pays it any more."]
    found = []
    if payers.clients == 1:
        found.append(f"1 client still pays {amount}. It keeps {plan_name}, with the quotas it bought.")
    elif payers.clients:
        found.append(
            f"{payers.clients:,} clients still pay {amount}. They keep {plan_name}, with the quotas they bought."
        )
    if payers.customers == 1:
        found.append("1 customer in Stripe, who is not a client here yet, pays it.")
    elif payers.customers:
        found.append(f"{payers.customers:,} customers in Stripe, who are not clients here yet, pay it.")
    if payers.scheduled == 1:
        found.append("1 subscription moves to it, as scheduled before.")
    elif payers.scheduled:
        found.append(f"{payers.scheduled:,} subscriptions move to it, as scheduled before.")
    return found
