"""Payment methods: attached from test tokens, changed, renewed by the bank, taken away."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import event_types, monthly_price, paying_customer, subscribe


def attached(client: stripe.StripeClient, token: str) -> stripe.PaymentMethod:
    customer = client.v1.customers.create(params={"email": "owner@example.com"})
    return client.v1.payment_methods.attach(token, params={"customer": customer.id})


def test_a_token_becomes_a_payment_method_of_its_own(client: stripe.StripeClient) -> None:
    first, second = attached(client, "pm_card_visa"), attached(client, "pm_card_visa")
    assert first.id != second.id
    assert first.card is not None
    assert (first.type, first.card.last4) == ("card", "4242")


def test_a_bank_account_can_be_attached(client: stripe.StripeClient) -> None:
    method = attached(client, "pm_sepa_debit")
    assert method.type == "sepa_debit"
    assert method.sepa_debit is not None
    assert method.sepa_debit.last4 == "3000"


@pytest.mark.parametrize(
    ("token", "decline_code", "words"),
    [
        ("pm_card_chargeDeclined", "generic_decline", "Your card was declined."),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds", "Your card has insufficient funds."),
    ],
)
def test_a_declined_card_does_not_attach(
    client: stripe.StripeClient, token: str, decline_code: str, words: str
) -> None:
    with pytest.raises(stripe.CardError) as refused:
        attached(client, token)
    assert refused.value.code == "card_declined"
    assert refused.value.user_message == words
    assert refused.value.error is not None
    assert refused.value.error.decline_code == decline_code


def test_expiry_and_billing_details_change(client: stripe.StripeClient) -> None:
    method = attached(client, "pm_card_visa")
    params: Any = {
        "card": {"exp_month": 3, "exp_year": 2031},
        "billing_details": {"name": "Aoife", "address": {"country": "IE"}},
    }
    changed = client.v1.payment_methods.update(method.id, params=params)
    assert changed.card is not None
    assert (changed.card.exp_month, changed.card.exp_year) == (3, 2031)
    assert changed.billing_details.name == "Aoife"
    assert changed.billing_details.address is not None
    assert (changed.billing_details.address.country, changed.billing_details.address.city) == ("IE", None)
    event = client.v1.events.list(params={"type": "payment_method.updated"}).data[0]
    assert event.data.previous_attributes is not None
    assert event.data.previous_attributes["card"]["exp_month"] == 12


def test_a_detached_method_cannot_be_changed_or_attached_again(client: stripe.StripeClient) -> None:
    method = attached(client, "pm_card_visa")
    customer = str(method.customer)
    client.v1.payment_methods.detach(method.id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_methods.update(method.id, params={"metadata": {"a": "b"}})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_methods.attach(method.id, params={"customer": customer})
    assert event_types(client)[-1] == "payment_method.detached"


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ("pm_card_visa", "active"),
        ("pm_card_chargeCustomerFail", "incomplete"),
        ("pm_card_threeDSecure2Required", "incomplete"),
        ("pm_card_authenticationRequiredOnSetup", "active"),
        ("pm_sepa_debit", "active"),
    ],
)
def test_what_becomes_of_a_subscription(client: stripe.StripeClient, token: str, status: str) -> None:
    customer, price = paying_customer(client, token), monthly_price(client)
    assert subscribe(client, customer.id, price.id).status == status
