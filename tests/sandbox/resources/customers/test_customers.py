"""Customers and their cards."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import event_types, paying_customer, running_subscription


def test_a_test_card_becomes_a_payment_method_of_the_customers_own(client: stripe.StripeClient) -> None:
    customer = paying_customer(client)
    assert customer.invoice_settings is not None
    method = client.v1.payment_methods.retrieve(str(customer.invoice_settings.default_payment_method))
    assert method.customer == customer.id
    assert method.card is not None
    assert method.card.last4 == "4242"


def test_the_email_filter_is_exact(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(params={"email": "Owner@example.com"})
    assert client.v1.customers.list(params={"email": "owner@example.com"}).data == []
    assert client.v1.customers.list(params={"email": "Owner@example.com"}).data[0].id == customer.id


@pytest.mark.parametrize("email", ["x@a..com", "x..y@a.com", "x@a", "front@münchen.example", "jürgen@a.com"])
def test_impossible_addresses_are_refused(client: stripe.StripeClient, email: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Invalid email address"):
        client.v1.customers.create(params={"email": email})


def test_updates_tell_what_was_before(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(params={"name": "Old", "metadata": {"kept": "1"}})
    client.v1.customers.update(customer.id, params={"name": "New", "metadata": {"added": "2"}})
    event = client.v1.events.list(params={"type": "customer.updated"}).data[0]
    assert event.data.previous_attributes is not None
    assert event.data.previous_attributes.to_dict() == {"name": "Old", "metadata": {"added": None}}
    assert event.data.object["metadata"].to_dict() == {"kept": "1", "added": "2"}


def test_an_update_that_changes_nothing_is_no_event(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(params={"name": "Same"})
    client.v1.customers.update(customer.id, params={"name": "Same"})
    assert event_types(client) == ["customer.created"]


def test_deleting_a_customer_ends_subscriptions_and_leaves_a_stub(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    identifier = str(subscription.customer)
    client.v1.customers.delete(identifier)
    stub = client.v1.customers.retrieve(identifier)
    assert stub.to_dict() == {"id": identifier, "object": "customer", "deleted": True}
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    assert event_types(client)[-2:] == ["customer.subscription.deleted", "customer.deleted"]
    assert client.v1.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.customers.update(identifier, params={"name": "x"})


def test_a_card_that_is_declined_at_once_is_a_card_error(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refused:
        paying_customer(client, "pm_card_chargeDeclined")
    assert (refused.value.http_status, refused.value.code) == (402, "card_declined")
    assert client.v1.customers.list().data == []


def test_the_card_of_someone_else_cannot_be_the_default(client: stripe.StripeClient) -> None:
    theirs = paying_customer(client)
    assert theirs.invoice_settings is not None
    other = client.v1.customers.create(params={})
    settings: Any = {"default_payment_method": theirs.invoice_settings.default_payment_method}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.update(other.id, params={"invoice_settings": settings})
    assert refused.value.param == "invoice_settings[default_payment_method]"


@pytest.mark.parametrize("name", ["coupon", "promotion_code"])
def test_retired_parameters_are_refused(client: stripe.StripeClient, name: str) -> None:
    params: Any = {name: "x"}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.create(params=params)
    assert refused.value.code == "parameter_unknown"
