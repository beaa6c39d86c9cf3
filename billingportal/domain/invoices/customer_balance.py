"""The balance that Stripe keeps for a customer: credit for the next invoices, or an amount owed from earlier ones."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from billingportal.domain.subscriptions.client_subscriptions import find_customer
from billingportal.models import ClientCustomer, Subscription
from billingportal.money import Money


@dataclass(frozen=True)
class CustomerBalance:
    """`amount` is above zero. As credit it is taken off the next invoices in its currency, else added to the next."""

    amount: Money
    is_credit: bool


def balance_of(
    session: Session, link: ClientCustomer | None, subscription: Subscription | None
) -> CustomerBalance | None:
    """The balance of the linked customer; None without one, when it is zero, or when its currency is not known.

    Stripe states it in the customer's currency (Customer object, `balance`: below zero it is credit). A customer
    that never paid has no currency yet: then it is the subscription's.
    """
    if link is None:
        return None
    customer = find_customer(session, link.processor_account_id, link.stripe_customer_id)
    if customer is None or not customer.balance_minor:
        return None
    currency = customer.currency or (subscription.currency if subscription else None)
    if currency is None:
        return None
    return CustomerBalance(Money(abs(customer.balance_minor), currency), customer.balance_minor < 0)
