"""Customers on test clocks, and what they do at Stripe in place of its hosted pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

import stripe

from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.objects import parsing
from billingportal.stripe_gateway.objects.copies import InvoiceCopy
from billingportal.stripe_gateway.objects.fields import (
    decimal,
    first_rows,
    optional_number,
    optional_text,
    part,
    short_text,
)
from billingportal.stripe_gateway.objects.invoice_lines import InvoiceLineCopy, invoice_line
from billingportal.stripe_gateway.requests.calls import ask, ask_all
from billingportal.stripe_gateway.requests.checkouts import NewCheckout, line_item, subscription_data
from billingportal.stripe_gateway.requests.price_previews import PreviewItem, item_params

# Stripe's test cards: the first always pays; the second can be stored, and every payment with it fails.
GOOD_CARD, FAILING_CARD = "pm_card_visa", "pm_card_chargeCustomerFail"


@dataclass(frozen=True)
class Coupon:
    """A coupon's terms: a percentage, or minor units of a currency; `months` where it repeats."""

    stripe_coupon_id: str
    percent_off: Decimal | None
    amount_off: int | None
    currency: str | None
    duration: str
    months: int | None


class TestCustomers:
    """Every method may raise a StripeProblem."""

    __test__ = False

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def create(
        self, clock_id: str, name: str, email: str, labels: dict[str, str], country: str, idempotency_key: str
    ) -> str:
        """Create a customer on a test clock; its id."""
        params = cast(
            "stripe.params.CustomerCreateParams",
            {"test_clock": clock_id, "name": name, "email": email, "metadata": labels, "address": {"country": country}},
        )
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        answer, _ = ask(lambda: self._client.v1.customers.create(params=params, options=options))
        return short_text(answer, "id")

    def use_card(self, customer_id: str, card: str, idempotency_key: str) -> str:
        """Store a test card and make it the customer's default; the id of its payment method."""
        attached: stripe.RequestOptions = {"idempotency_key": f"{idempotency_key}-attach"}
        answer, _ = ask(
            lambda: self._client.v1.payment_methods.attach(card, params={"customer": customer_id}, options=attached)
        )
        method = short_text(answer, "id")
        chosen: stripe.RequestOptions = {"idempotency_key": f"{idempotency_key}-default"}
        params: stripe.params.CustomerUpdateParams = {"invoice_settings": {"default_payment_method": method}}
        ask(lambda: self._client.v1.customers.update(customer_id, params=params, options=chosen))
        return method

    def coupon(self, coupon_id: str) -> Coupon:
        """A coupon of the account, which is read and never changed."""
        answer, _ = ask(lambda: self._client.v1.coupons.retrieve(coupon_id))
        return Coupon(
            short_text(answer, "id"),
            decimal(answer.get("percent_off")),
            optional_number(answer, "amount_off"),
            optional_text(answer, "currency"),
            short_text(answer, "duration"),
            optional_number(answer, "duration_in_months"),
        )

    def subscribe(self, customer_id: str, new: NewCheckout, coupon: str | None, idempotency_key: str) -> str:
        """Create the subscription that a checkout would create, with its first invoice still unpaid; its id."""
        given = subscription_params(customer_id, new)
        if coupon is not None:
            given["discounts"] = [{"coupon": coupon}]
        params = cast("stripe.params.SubscriptionCreateParams", given)
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        answer, _ = ask(lambda: self._client.v1.subscriptions.create(params=params, options=options))
        return short_text(answer, "id")

    def pay(self, invoice_id: str, idempotency_key: str) -> None:
        """Pay an open invoice with the customer's default card. Raises RequestRefused when the card is declined."""
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        ask(lambda: self._client.v1.invoices.pay(invoice_id, options=options))

    def invoices(self, customer_id: str) -> list[InvoiceCopy]:
        """All invoices of the customer, newest first."""
        rows = ask_all(self._client.v1.invoices.list, {"customer": customer_id})
        return [cast(InvoiceCopy, parsing.copy_of(row)) for row in rows]

    def preview_new(self, customer_id: str, currency: str, items: Sequence[PreviewItem]) -> list[InvoiceLineCopy]:
        """The lines of the first invoice of a subscription that is not made."""
        details = {"items": [item_params(item) for item in items]}
        return self._preview({"customer": customer_id, "currency": currency, "subscription_details": details})

    def preview_next(self, subscription_id: str) -> list[InvoiceLineCopy]:
        """The lines of the subscription's next invoice, with the use that Stripe has counted."""
        return self._preview({"subscription": subscription_id})

    def _preview(self, given: dict[str, object]) -> list[InvoiceLineCopy]:
        params = cast("stripe.params.InvoiceCreatePreviewParams", given)
        answer, _ = ask(lambda: self._client.v1.invoices.create_preview(params=params))
        return [invoice_line(row) for row in preview_rows(answer)]


def preview_rows(answer: JsonObject) -> list[JsonObject]:
    """The lines of a preview: at most 10 items times a few tiers, which fit on its first page."""
    return first_rows(part(answer, "lines"))


def subscription_params(customer_id: str, new: NewCheckout) -> dict[str, object]:
    """A checkout's request as one for a subscription.

    `default_incomplete` is how Stripe's hosted page creates it: nothing is charged until the client pays.
    """
    more: dict[str, object] = {} if new.trial_days else {"payment_behavior": "default_incomplete"}
    if new.computes_tax:
        more["automatic_tax"] = {"enabled": True}
    return {
        "customer": customer_id,
        "currency": new.currency,
        "items": [line_item(item) for item in new.items],
        **subscription_data(new),
        **more,
    }
