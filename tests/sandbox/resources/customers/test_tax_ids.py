"""Customers' tax ids."""

import pytest
import stripe

from tests.sandbox.build import event_types, latest_invoice, monthly_price, paying_customer, subscribe


def test_tax_ids_come_and_go(client: stripe.StripeClient) -> None:
    customer = paying_customer(client).id
    made = client.v1.customers.tax_ids.create(customer, params={"type": "eu_vat", "value": "IE000000000"})
    assert (made.country, made.customer) == ("IE", customer)
    assert made.verification is not None
    assert made.verification.status == "verified"
    assert [one.id for one in client.v1.customers.tax_ids.list(customer).data] == [made.id]
    known = client.v1.customers.retrieve(customer, params={"expand": ["tax_ids"]})
    assert known.tax_ids is not None
    assert known.tax_ids.data[0].value == "IE000000000"
    assert client.v1.customers.tax_ids.retrieve(customer, made.id).type == "eu_vat"
    assert client.v1.customers.tax_ids.delete(customer, made.id).deleted is True
    assert client.v1.customers.tax_ids.list(customer).data == []
    assert event_types(client)[-2:] == ["customer.tax_id.created", "customer.tax_id.deleted"]


def test_invoices_keep_the_tax_ids_of_their_time(client: stripe.StripeClient) -> None:
    customer = paying_customer(client).id
    client.v1.customers.tax_ids.create(customer, params={"type": "gb_vat", "value": "GB123456789"})
    subscription = subscribe(client, customer, monthly_price(client).id)
    ids = latest_invoice(client, subscription).customer_tax_ids
    assert [(one.type, one.value) for one in ids or []] == [("gb_vat", "GB123456789")]


def test_five_are_enough_and_kinds_are_known(client: stripe.StripeClient) -> None:
    customer = paying_customer(client).id
    for number in range(5):
        client.v1.customers.tax_ids.create(customer, params={"type": "us_ein", "value": f"12-345678{number}"})
    with pytest.raises(stripe.InvalidRequestError, match="at most 5"):
        client.v1.customers.tax_ids.create(customer, params={"type": "us_ein", "value": "12-3456789"})
    other = paying_customer(client).id
    with pytest.raises(stripe.InvalidRequestError, match="Invalid type"):
        client.v1.customers.tax_ids.create(other, params={"type": "xx_vat", "value": "1"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.tax_ids.create(other, params={"type": "eu_vat", "value": "12345"})
    assert refused.value.code == "tax_id_invalid"
