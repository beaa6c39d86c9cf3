"""The portal's interface to Stripe. Every method may raise a StripeProblem."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import cast

import stripe

from billingportal.stripe_gateway.errors import NotThere, RightMissing
from billingportal.stripe_gateway.objects import parsing
from billingportal.stripe_gateway.objects.connection import AccountCopy, WebhookEndpointCopy
from billingportal.stripe_gateway.objects.fields import first_rows, truth
from billingportal.stripe_gateway.objects.invoice_lines import InvoiceLineCopy
from billingportal.stripe_gateway.permissions import Right, missing_rights
from billingportal.stripe_gateway.requests import catalog as request_catalog
from billingportal.stripe_gateway.requests import checkouts, price_previews
from billingportal.stripe_gateway.requests import customers as request_customers
from billingportal.stripe_gateway.requests import invoice_lines as request_invoice_lines
from billingportal.stripe_gateway.requests import tax as request_tax
from billingportal.stripe_gateway.requests.calls import ask
from billingportal.stripe_gateway.requests.catalog import NewPrice
from billingportal.stripe_gateway.requests.checkouts import NewCheckout, OpenCheckout
from billingportal.stripe_gateway.requests.customer_portal import BillingPortal
from billingportal.stripe_gateway.requests.customers import Subscriber
from billingportal.stripe_gateway.requests.discounts import Discounts
from billingportal.stripe_gateway.requests.go_live.account_readiness import Readiness
from billingportal.stripe_gateway.requests.go_live.catalog_copies import CatalogCopies
from billingportal.stripe_gateway.requests.meter_events import MeterEvents
from billingportal.stripe_gateway.requests.metering.event_destinations import EventDestinations, ThinEvents
from billingportal.stripe_gateway.requests.metering.event_summaries import EventSummaries
from billingportal.stripe_gateway.requests.metering.invoice_items import InvoiceItems
from billingportal.stripe_gateway.requests.objects import Objects
from billingportal.stripe_gateway.requests.price_previews import PreviewItem
from billingportal.stripe_gateway.requests.refunds import Refunds
from billingportal.stripe_gateway.requests.schedules import Schedules
from billingportal.stripe_gateway.requests.subscriptions import Subscriptions
from billingportal.stripe_gateway.requests.tax import TaxSettings
from billingportal.stripe_gateway.requests.test_mode.test_clocks import TestClocks
from billingportal.stripe_gateway.requests.test_mode.test_coupons import TestCoupons
from billingportal.stripe_gateway.requests.test_mode.test_customers import TestCustomers

# The API version of this SDK's types. Webhook endpoints are pinned to it, so payloads have a known shape.
API_VERSION = stripe.api_version
NO_LABELS: Mapping[str, str] = MappingProxyType({})
ACCOUNT_ID = re.compile(r"\bacct_[A-Za-z0-9]+")


class StripeGateway:
    """The calls to one Stripe account in one mode. Object types with many calls have modules in `requests`.

    `meter_client` sends meter events, which have rates and time limits of their own.
    """

    def __init__(self, client: stripe.StripeClient, meter_client: stripe.StripeClient | None = None) -> None:
        self._client = client
        self.objects = Objects(client)
        self.subscriptions = Subscriptions(client)
        self.schedules = Schedules(client)
        self.discounts = Discounts(client)
        self.refunds = Refunds(client)
        self.billing_portal = BillingPortal(client)
        self.event_destinations = EventDestinations(client)
        self.thin_events = ThinEvents(client)
        self.meter_events = MeterEvents(meter_client or client)
        self.event_summaries = EventSummaries(client)
        self.invoice_items = InvoiceItems(client)
        self.account_readiness = Readiness(client)
        self.catalog_copies = CatalogCopies(client)
        self.test_clocks = TestClocks(client)
        self.test_coupons = TestCoupons(client)
        self.test_customers = TestCustomers(client)

    def account(self) -> AccountCopy:
        """The account of the key, and its mode as Stripe reports it.

        A restricted key may not read the account; then only the mode is known, and the id if Stripe's error names it.
        """
        balance, reading = ask(self._client.v1.balance.retrieve)
        livemode, skew = truth(balance, "livemode"), reading.skew_seconds
        try:
            source, _ = ask(self._client.v1.accounts.retrieve_current)
        except RightMissing as refusal:
            found = ACCOUNT_ID.search(refusal.message)
            return AccountCopy(found.group() if found else None, None, None, None, None, livemode, skew)
        return replace(parsing.account(source, livemode=livemode), clock_skew_seconds=skew)

    def missing_rights(self, *, livemode: bool) -> list[Right]:
        """The rights that this key lacks, probed by reading one row of each list."""
        return missing_rights(self._client, livemode=livemode)

    def webhook_endpoints(self) -> list[WebhookEndpointCopy]:
        """All webhook endpoints of the account in this mode; Stripe allows 16, so one page has them all."""
        answer, _ = ask(lambda: self._client.v1.webhook_endpoints.list(params={"limit": 100}))
        return [parsing.webhook_endpoint(row) for row in first_rows(answer)]

    def create_webhook_endpoint(
        self, url: str, events: Sequence[str], labels: dict[str, str], idempotency_key: str
    ) -> WebhookEndpointCopy:
        """Create a webhook endpoint. Only this answer has its signing secret."""
        params = cast(
            "stripe.params.WebhookEndpointCreateParams",
            {
                "url": url,
                "enabled_events": list(events),
                "api_version": API_VERSION,
                "description": "Keeps the billing portal in step",
                "metadata": labels,
            },
        )
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        source, _ = ask(lambda: self._client.v1.webhook_endpoints.create(params=params, options=options))
        return parsing.webhook_endpoint(source)

    def update_webhook_endpoint(self, endpoint_id: str, url: str, events: Sequence[str]) -> WebhookEndpointCopy:
        """Set a webhook endpoint's URL and event types, and enable it."""
        params = cast(
            "stripe.params.WebhookEndpointUpdateParams",
            {"url": url, "enabled_events": list(events), "disabled": False},
        )
        source, _ = ask(lambda: self._client.v1.webhook_endpoints.update(endpoint_id, params=params))
        return parsing.webhook_endpoint(source)

    def delete_webhook_endpoint(self, endpoint_id: str) -> None:
        """Delete a webhook endpoint; one that is deleted already is no error."""
        try:
            ask(lambda: self._client.v1.webhook_endpoints.delete(endpoint_id))
        except NotThere:
            return

    def probe(self) -> None:
        """Make the smallest request: where it has an answer, the failure of another request is of that one alone."""
        ask(self._client.v1.balance.retrieve)

    def price_id_of_lookup_key(self, lookup_key: str) -> str | None:
        """The active price that has the lookup key now."""
        return request_catalog.price_id_of_lookup_key(self._client, lookup_key)

    def is_price_of_other_mode(self, price_id: str) -> bool:
        """Whether Stripe says that the price exists, but not in the mode of this key."""
        return request_catalog.is_price_of_other_mode(self._client, price_id)

    def create_product(self, name: str, description: str | None, idempotency_key: str) -> str:
        """Create a product; its id."""
        return request_catalog.create_product(self._client, name, description, idempotency_key)

    def create_meter(self, display_name: str, event_name: str, formula: str, idempotency_key: str) -> str:
        """Create a meter; its id. `formula` is sum, count or last."""
        return request_catalog.create_meter(self._client, display_name, event_name, formula, idempotency_key)

    def create_price(self, new: NewPrice, idempotency_key: str) -> str:
        """Create a price; its id."""
        return request_catalog.create_price(self._client, new, idempotency_key)

    def unarchive_price(self, price_id: str) -> None:
        """Unarchive a price."""
        request_catalog.set_price_active(self._client, price_id)

    def unarchive_product(self, product_id: str) -> None:
        """Unarchive a product, so that its prices can be sold again."""
        request_catalog.set_product_active(self._client, product_id)

    def reactivate_meter(self, meter_id: str) -> None:
        """Reactivate an inactive meter."""
        request_catalog.reactivate_meter(self._client, meter_id)

    def create_customer(
        self, name: str, idempotency_key: str, *, email: str | None = None, labels: Mapping[str, str] = NO_LABELS
    ) -> str:
        """Create a customer; its id."""
        return request_customers.create_customer(self._client, name, email, labels, idempotency_key)

    def update_customer(self, customer_id: str, name: str, email: str) -> None:
        """Change a customer's name and email address."""
        request_customers.update_customer(self._client, customer_id, name, email)

    def subscribers(self, email: str) -> list[Subscriber]:
        """The customers with exactly this email address, case included, and their subscriptions."""
        return request_customers.subscribers(self._client, email)

    def create_checkout(self, customer_id: str, new: NewCheckout, idempotency_key: str) -> OpenCheckout:
        """Open a checkout session for a subscription."""
        return checkouts.create_session(self._client, customer_id, new, idempotency_key)

    def expire_checkout(self, session_id: str) -> None:
        """Expire an open checkout session, so that it cannot be paid any more."""
        checkouts.expire_session(self._client, session_id)

    def tax_settings(self) -> TaxSettings:
        """The account's Stripe Tax settings."""
        return request_tax.settings(self._client)

    def preview_total(self, customer_id: str, currency: str, items: Sequence[PreviewItem]) -> int:
        """The subtotal of a new subscription's first invoice, before tax, in minor units."""
        return price_previews.preview_total(self._client, customer_id, currency, items)

    def invoice_lines(self, invoice_id: str) -> list[InvoiceLineCopy]:
        """All lines of an invoice, in Stripe's order."""
        return request_invoice_lines.lines_of(self._client, invoice_id)
