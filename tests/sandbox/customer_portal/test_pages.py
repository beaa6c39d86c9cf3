"""The customer portal's pages: what a customer sees there and does."""

from typing import Any

import pytest
import stripe

from billingportal.sandbox import clock
from tests.sandbox.build import (
    event_types,
    first_item,
    latest_invoice,
    monthly_price,
    paying_customer,
    running_subscription,
    subscribe,
)
from tests.sandbox.resources.hosted.test_portal_configurations import FEATURES, configure
from tests.sandbox.resources.hosted.test_portal_sessions import HOME, enter
from tests.sandbox.surfing import Seen, fetch

CARD = {"method": "card", "expiry": "12 / 34", "cvc": "123", "name": "Aoife Byrne"}
EVERYTHING: Any = {
    **FEATURES,
    "customer_update": {"enabled": True, "allowed_updates": ["name", "email", "address", "tax_id"]},
}


def door(
    client: stripe.StripeClient, subscription: stripe.Subscription, features: Any = EVERYTHING, **more: Any
) -> str:
    """The address of a new session."""
    configuration = configure(client, features=features).id
    return enter(client, customer=subscription.customer, configuration=configuration, **more).url


def pay_with(url: str, number: str, **more: str) -> Seen:
    return fetch(f"{url}/payment-method", {**CARD, "number": number, **more})


def fresh(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Subscription:
    return client.v1.subscriptions.retrieve(subscription.id)


def default_card(client: stripe.StripeClient, subscription: stripe.Subscription) -> Any:
    """The customer's default payment method."""
    expand = {"expand": ["invoice_settings.default_payment_method"]}
    customer = client.v1.customers.retrieve(str(subscription.customer), params=expand)  # type: ignore[arg-type]
    assert customer.invoice_settings is not None
    return customer.invoice_settings.default_payment_method


def test_the_first_page_shows_plan_card_and_invoices(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, amount=1000, quantity=2)
    seen = fetch(door(client, subscription))
    invoice = latest_invoice(client, subscription)
    assert seen.status == 200
    for words in (
        "2 × Plan, $20.00 per month",
        "Visa ending in 4242",
        "Cancel plan",
        "Add payment method",
        "Renews on",
    ):
        assert words in seen.text
    assert f'href="{invoice.hosted_invoice_url}"' in seen.text
    assert f'href="{HOME}">Back' in seen.text


def test_a_new_card_is_the_default_everywhere(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    client.v1.subscriptions.update(subscription.id, params={"default_payment_method": "pm_card_visa"})
    known = len(event_types(client))
    url = door(client, subscription)
    form = fetch(f"{url}/payment-method").text
    for label in ("Card number", "Expiry", "CVC", "Name on card", "SEPA Direct Debit"):
        assert label in form
    assert pay_with(url, "5555 5555 5555 4444").location == url
    card = default_card(client, subscription)
    assert card.card.last4 == "4444"
    assert card.billing_details.name == "Aoife Byrne"
    assert fresh(client, subscription).default_payment_method == card.id
    assert event_types(client)[known + 2 :] == [
        "payment_method.attached",
        "customer.updated",
        "customer.subscription.updated",
    ]


def test_a_subscription_without_a_card_of_its_own_gets_none(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    assert pay_with(door(client, subscription), "4242424242424242").status == 303
    assert fresh(client, subscription).default_payment_method is None


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"number": "4000000000000002"}, "Your card was declined."),
        ({"number": "4000000000009995"}, "insufficient funds"),
        ({"number": "1234"}, "card number is invalid"),
        ({"number": "4242424242424242", "expiry": "13/34"}, "expiration date is invalid"),
        ({"number": "4242424242424242", "cvc": ""}, "security code is invalid"),
    ],
)
def test_a_card_that_is_not_taken_changes_nothing(client: stripe.StripeClient, form: Any, words: str) -> None:
    subscription = running_subscription(client)
    before = default_card(client, subscription).id
    seen = pay_with(door(client, subscription), **form)
    assert (seen.status, words in seen.text.replace("&#39;", "'")) == (422, True)
    assert default_card(client, subscription).id == before


def test_some_banks_ask_first(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    url = door(client, subscription)
    asked = pay_with(url, "4000002500003155")
    assert "Complete authentication" in asked.text
    assert "Fail authentication" in asked.text
    failed = pay_with(url, "4000002500003155", authentication="fail")
    assert "unable to authenticate" in failed.text
    assert default_card(client, subscription).card.last4 == "4242"
    assert pay_with(url, "4000002500003155", authentication="complete").location == url
    assert default_card(client, subscription).card.last4 == "3155"


def test_a_debit_can_be_given_and_cards_be_changed_and_forgotten(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    url, old = door(client, subscription), default_card(client, subscription).id
    assert fetch(f"{url}/payment-method", {"method": "sepa_debit"}).location == url
    assert default_card(client, subscription).type == "sepa_debit"
    fetch(f"{url}/payment-methods/{old}/default", {})
    assert default_card(client, subscription).id == old
    refused = fetch(f"{url}/payment-methods/{old}/removal", {})
    assert (refused.status, "used by a subscription" in refused.text) == (422, True)
    other = client.v1.payment_methods.list(params={"customer": str(subscription.customer)}).data[0].id
    fetch(f"{url}/payment-methods/{other}/removal", {})
    assert client.v1.payment_methods.retrieve(other).customer is None


def test_a_past_due_invoice_waits_for_its_next_try(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    items = [{"id": first_item(subscription).id, "quantity": 2}]
    params: Any = {"default_payment_method": "pm_card_chargeCustomerFail"}
    client.v1.subscriptions.update(subscription.id, params=params)
    upgrade: Any = {"items": items, "proration_behavior": "always_invoice"}
    due = client.v1.subscriptions.update(subscription.id, params=upgrade)
    url = door(client, subscription)
    assert "Past due" in fetch(url).text
    pay_with(url, "4242424242424242")
    assert fresh(client, subscription).status == "past_due"
    client.v1.invoices.pay(str(due.latest_invoice))
    assert fresh(client, subscription).status == "active"


def test_an_end_is_set_with_its_reason_and_taken_back(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    url = door(client, subscription)
    assert "Too expensive" in fetch(f"{url}/cancel/{subscription.id}").text
    fetch(f"{url}/cancel/{subscription.id}", {"feedback": "too_expensive", "comment": "Sorry"})
    ending = fresh(client, subscription)
    assert ending.cancel_at == first_item(ending).current_period_end
    assert ending.cancel_at_period_end is False
    assert ending.cancellation_details is not None
    assert (ending.cancellation_details.feedback, ending.cancellation_details.comment) == ("too_expensive", "Sorry")
    seen = fetch(url).text
    assert "Don&#39;t cancel plan" in seen or "Don't cancel plan" in seen
    assert fetch(f"{url}/renew/{subscription.id}", {}).location == url
    assert fresh(client, subscription).cancel_at is None
    event = client.v1.events.list(params={"type": "customer.subscription.updated", "limit": 1}).data[0]
    assert event.to_dict()["data"]["previous_attributes"]["cancel_at"] == ending.cancel_at


def test_classic_subscriptions_end_with_their_period_by_name(client: stripe.StripeClient) -> None:
    price, customer = monthly_price(client), paying_customer(client)
    subscription = subscribe(client, customer.id, price.id, billing_mode={"type": "classic"})
    fetch(f"{door(client, subscription)}/cancel/{subscription.id}", {})
    assert fresh(client, subscription).cancel_at_period_end is True


def test_a_portal_can_end_plans_at_once(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    features = {**FEATURES, "subscription_cancel": {"enabled": True, "mode": "immediately"}}
    url = door(client, subscription, features)
    fetch(f"{url}/cancel/{subscription.id}", {})
    assert fresh(client, subscription).status == "canceled"
    assert "No running subscription" in fetch(url).text
    assert fetch(f"{url}/cancel/{subscription.id}").status == 404


def test_a_flow_goes_straight_to_its_page_and_on_from_there(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    after = {"type": "redirect", "redirect": {"return_url": "https://portal.example/done"}}
    url = door(client, subscription, flow_data={"type": "payment_method_update", "after_completion": after})
    assert fetch(url).location == f"{url}/payment-method"
    assert f'href="{HOME}">Back' in fetch(f"{url}/payment-method").text
    assert pay_with(url, "4242424242424242").location == "https://portal.example/done"
    cancel: Any = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": subscription.id},
        "after_completion": {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "Farewell"}},
    }
    url = door(client, subscription, flow_data=cancel)
    assert fetch(url).location == f"{url}/cancel/{subscription.id}"
    assert fetch(f"{url}/cancel/{subscription.id}", {}).location == f"{url}/done"
    assert "Farewell" in fetch(f"{url}/done").text
    assert fetch(url).status == 200


def test_a_plan_of_one_item_can_be_switched(client: stripe.StripeClient) -> None:
    subscription, dear = running_subscription(client, amount=1000), monthly_price(client, 3000)
    update = {
        "enabled": True,
        "default_allowed_updates": ["price"],
        "products": [{"product": dear.product, "prices": [dear.id]}],
        "proration_behavior": "always_invoice",
    }
    url = door(client, subscription, {**FEATURES, "subscription_update": update})
    assert "$30.00 per month" in fetch(f"{url}/update/{subscription.id}").text
    refused = fetch(f"{url}/update/{subscription.id}", {"price": monthly_price(client).id})
    assert refused.status == 422
    assert fetch(f"{url}/update/{subscription.id}", {"price": dear.id, "quantity": "2"}).location == url
    switched = fresh(client, subscription)
    assert (first_item(switched).price.id, first_item(switched).quantity) == (dear.id, 2)
    assert latest_invoice(client, switched).total == 5000


@pytest.mark.parametrize("way", ["decreasing_item_amount", "shortening_interval"])
def test_a_step_down_can_wait_for_the_end_of_the_period(client: stripe.StripeClient, way: str) -> None:
    yearly = monthly_price(client, 9000, recurring={"interval": "year"})
    subscription = subscribe(client, paying_customer(client).id, yearly.id)
    cheap = monthly_price(client, 500)
    update = {
        "enabled": True,
        "default_allowed_updates": ["price"],
        "products": [{"product": cheap.product, "prices": [cheap.id]}],
        "schedule_at_period_end": {"conditions": [{"type": way}]},
    }
    url = door(client, subscription, {**FEATURES, "subscription_update": update})
    assert fetch(f"{url}/update/{subscription.id}", {"price": cheap.id, "quantity": "2"}).location == url
    kept = fresh(client, subscription)
    assert first_item(kept).price.id == yearly.id
    schedule = client.v1.subscription_schedules.retrieve(str(kept.schedule))
    assert [(item.price, item.quantity) for item in schedule.phases[1].items] == [(cheap.id, 2)]
    assert fetch(f"{url}/update/{subscription.id}", {"price": cheap.id}).status == 422


def test_a_plan_can_be_paused_and_resumed(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    flow = {"type": "subscription_pause", "subscription_pause": {"subscription": subscription.id}}
    url = door(client, subscription, {**FEATURES, "subscription_pause": {"enabled": True}}, flow_data=flow)
    assert fetch(url).location == f"{url}/pause/{subscription.id}"
    assert fetch(f"{url}/pause/{subscription.id}", {}).location == url
    assert fresh(client, subscription).status == "paused"
    assert "Resume plan" in fetch(url).text
    fetch(f"{url}/pause/{subscription.id}", {})
    assert fresh(client, subscription).status == "active"


def test_details_are_changed_as_far_as_allowed(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    url = door(client, subscription)
    form = {"name": "Byrne Ltd", "email": "billing@byrne.example", "phone": "1", "city": "Cork", "country": "IE"}
    wrong = fetch(f"{url}/information", {**form, "tax_id_type": "eu_vat", "tax_id": "123456"})
    assert (wrong.status, "Invalid value for eu_vat" in wrong.text) == (422, True)
    assert fetch(f"{url}/information", {**form, "tax_id_type": "eu_vat", "tax_id": "IE000000000"}).location == url
    customer = client.v1.customers.retrieve(str(subscription.customer), params={"expand": ["tax_ids"]})
    assert (customer.name, customer.email, customer.phone) == ("Byrne Ltd", "billing@byrne.example", None)
    assert customer.address is not None
    assert customer.address.city == "Cork"
    assert customer.tax_ids is not None
    assert [one.value for one in customer.tax_ids.data] == ["IE000000000"]
    fetch(f"{url}/information", form)
    assert client.v1.customers.tax_ids.list(customer.id).data == []


def test_what_is_switched_off_is_not_there(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    url = door(client, subscription, {"invoice_history": {"enabled": True}})
    seen = fetch(url).text
    assert "Cancel plan" not in seen
    assert "Add payment method" not in seen
    for name in ("payment-method", f"cancel/{subscription.id}", "information", "nonsense"):
        assert fetch(f"{url}/{name}").status == 404


def test_nobody_ends_a_stranger_s_plan(client: stripe.StripeClient) -> None:
    mine, other = running_subscription(client), running_subscription(client)
    assert fetch(f"{door(client, mine)}/cancel/{other.id}", {}).status == 404
    assert fresh(client, other).cancel_at is None


def test_a_link_works_for_five_minutes_or_while_it_is_used(
    client: stripe.StripeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription = running_subscription(client)
    unopened, used = door(client, subscription), door(client, subscription)
    assert fetch(used).status == 200
    start = clock.now()
    monkeypatch.setattr("billingportal.sandbox.customer_portal.visit.now", lambda: start + 6 * 60)
    assert fetch(unopened).status == 410
    assert fetch(used).status == 200
    monkeypatch.setattr("billingportal.sandbox.customer_portal.visit.now", lambda: start + 3 * 60 * 60)
    assert fetch(used).status == 410
    assert fetch(used[:-5]).status == 410
