"""What the invoices of a subscription tell of what is paid for."""

from billingportal.domain.entitlements.subscription_facts import last_charge
from billingportal.models import Invoice
from billingportal.plain_json import Json


def invoice(status: str, *prices: str) -> Invoice:
    sold: list[Json] = [{"price": price, "quantity": 1} for price in prices]
    return Invoice(status=status, sold=sold)


def test_what_was_paid_for_once_and_given_up_since_counts_no_more() -> None:
    assert last_charge([invoice("open", "large"), invoice("paid", "small"), invoice("paid", "large")]) == {"small": 1}


def test_a_trial_is_no_charge() -> None:
    assert last_charge([invoice("paid")]) is None
    assert last_charge([invoice("paid"), invoice("paid", "small")]) == {"small": 1}
