"""What is hidden, and what can be expanded."""

import pytest
import stripe

from tests.sandbox.build import running_subscription


@pytest.fixture
def tiered(client: stripe.StripeClient) -> stripe.Price:
    return client.v1.prices.create(
        params={
            "currency": "usd",
            "product_data": {"name": "Contacts"},
            "recurring": {"interval": "month"},
            "billing_scheme": "tiered",
            "tiers_mode": "volume",
            "tiers": [{"up_to": 5, "unit_amount": 500}, {"up_to": "inf", "unit_amount": 400}],
            "currency_options": {"eur": {"tiers": [{"up_to": "inf", "unit_amount": 300}]}},
        }
    )


def test_tiers_and_currencies_stay_hidden_until_asked_for(client: stripe.StripeClient, tiered: stripe.Price) -> None:
    plain = client.v1.prices.retrieve(tiered.id)
    assert "tiers" not in plain
    assert "currency_options" not in plain
    assert "tiers" not in client.v1.prices.list().data[0]
    asked = client.v1.prices.retrieve(tiered.id, params={"expand": ["tiers"]})
    assert asked.tiers is not None
    assert [tier.up_to for tier in asked.tiers] == [5, None]
    listed = client.v1.prices.list(params={"expand": ["data.tiers"]}).data[0]
    assert len(listed.tiers or []) == 2


def test_tiers_of_a_currency_are_asked_for_by_name(client: stripe.StripeClient, tiered: stripe.Price) -> None:
    price = client.v1.prices.retrieve(tiered.id, params={"expand": ["currency_options.eur.tiers"]})
    assert price.currency_options is not None
    assert set(price.currency_options.to_dict()) == {"eur", "usd"}
    assert len(price.currency_options["eur"].tiers or []) == 1
    assert "tiers" not in price.currency_options["usd"]


@pytest.mark.parametrize("path", ["currency_options.tiers", "currency_options.xyz.tiers", "currency_options.*"])
def test_tiers_of_no_currency_are_refused(client: stripe.StripeClient, tiered: stripe.Price, path: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="This property cannot be expanded"):
        client.v1.prices.retrieve(tiered.id, params={"expand": [path]})
    with pytest.raises(stripe.InvalidRequestError, match="This property cannot be expanded"):
        client.v1.prices.list(params={"expand": [f"data.{path}"]})


def test_ids_become_objects_along_a_path(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    paths = ["customer", "latest_invoice.payments", "items.data.price.product"]
    asked = client.v1.subscriptions.retrieve(subscription.id, params={"expand": paths})
    assert isinstance(asked.customer, stripe.Customer)
    assert isinstance(asked.latest_invoice, stripe.Invoice)
    assert asked.latest_invoice.payments is not None
    assert asked.latest_invoice.payments.data[0].status == "paid"
    assert isinstance(asked["items"].data[0].price.product, stripe.Product)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nothing", "This property cannot be expanded (nothing)"),
        ("customer.email", "This property cannot be expanded (email)"),
        ("latest_invoice.lines.data.pricing.price_details", "You cannot expand more than 4 levels"),
    ],
)
def test_wrong_paths_are_refused(client: stripe.StripeClient, path: str, words: str) -> None:
    subscription = running_subscription(client)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.subscriptions.retrieve(subscription.id, params={"expand": [path]})
    assert words in str(refused.value)


def test_paths_in_lists_begin_with_data(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=r"expanding `data.product`"):
        client.v1.prices.list(params={"expand": ["product"]})
    with pytest.raises(stripe.InvalidRequestError, match="more than 4 levels"):
        client.v1.subscriptions.list(params={"expand": ["data.items.data.price.product"]})
