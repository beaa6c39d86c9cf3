"""Copies products, prices and meters into another mode of the account, and finds copies that were made before."""

from typing import cast

import stripe

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.objects.fields import optional_id, part, short_text, text
from billingportal.stripe_gateway.requests.calls import ask, ask_all
from billingportal.stripe_gateway.requests.catalog import NewPrice, price_params

# The label of an object that was copied: the id of the object of test mode.
LABEL = "billing_portal_twin"
# The fields of a product that a copy takes over. Images and address are the partner's own, and the same in both modes.
COPIED_TEXTS = ("description", "statement_descriptor", "unit_label", "url")
COPIED_LISTS = ("images", "marketing_features")


class CatalogCopies:
    """Every method may raise a StripeProblem."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def product_params(self, product_id: str) -> JsonObject:
        """The parameters that create the same product: name, texts, tax code, images, features and labels."""
        source, _ = ask(lambda: self._client.v1.products.retrieve(product_id))
        params: JsonObject = {"name": text(source, "name")}
        params |= {name: source[name] for name in (*COPIED_TEXTS, *COPIED_LISTS) if source.get(name)}
        tax_code = optional_id(source, "tax_code")
        if tax_code is not None:
            params["tax_code"] = tax_code
        return {**params, "metadata": {**part(source, "metadata"), LABEL: product_id}}

    def create_product(self, params: JsonObject, idempotency_key: str) -> str:
        """Create a product; its id."""
        given = cast("stripe.params.ProductCreateParams", params)
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        source, _ = ask(lambda: self._client.v1.products.create(params=given, options=options))
        return short_text(source, "id")

    def create_meter(self, params: JsonObject, idempotency_key: str) -> str:
        """Create a meter; its id."""
        given = cast("stripe.params.billing.MeterCreateParams", params)
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        source, _ = ask(lambda: self._client.v1.billing.meters.create(params=given, options=options))
        return short_text(source, "id")

    def create_price(self, params: JsonObject, idempotency_key: str) -> str:
        """Create a price; its id."""
        given = cast("stripe.params.PriceCreateParams", params)
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        source, _ = ask(lambda: self._client.v1.prices.create(params=given, options=options))
        return short_text(source, "id")

    def product_copy(self, test_product_id: str) -> str | None:
        """The active product that was copied from this one before."""
        filters: JsonObject = {"active": True}
        return labelled(ask_all(self._client.v1.products.list, filters), test_product_id)

    def price_copy(self, test_price_id: str, product_id: str) -> str | None:
        """The active price of a product that was copied from this one before."""
        filters: JsonObject = {"product": product_id, "active": True}
        return labelled(ask_all(self._client.v1.prices.list, filters), test_price_id)

    def meter_copy(self, params: JsonObject) -> str | None:
        """The active meter with just these parameters. Meters have no labels; one event name has one active meter."""
        rows = ask_all(self._client.v1.billing.meters.list, {"status": "active"})
        wanted = meter_terms(params)
        return next((short_text(row, "id") for row in rows if meter_terms(row) == wanted), None)

    def coupons(self) -> dict[str, str]:
        """The valid coupons: names by id."""
        rows = ask_all(self._client.v1.coupons.list, {})
        return {short_text(row, "id"): str(row.get("name") or row["id"]) for row in rows if row.get("valid")}


def labelled(rows: list[JsonObject], test_object_id: str) -> str | None:
    found = (short_text(row, "id") for row in rows if part(row, "metadata").get(LABEL) == test_object_id)
    return next(found, None)


def meter_terms(source: JsonObject) -> tuple[Json, ...]:
    return (
        source.get("event_name"),
        part(source, "default_aggregation").get("formula"),
        part(source, "customer_mapping").get("event_payload_key"),
        part(source, "value_settings").get("event_payload_key"),
        source.get("event_time_window"),
    )


def price_copy_params(new: NewPrice) -> JsonObject:
    """The parameters that create the price, as they are stored. They never move a lookup key."""
    params = price_params(new)
    params.pop("transfer_lookup_key", None)
    return params
