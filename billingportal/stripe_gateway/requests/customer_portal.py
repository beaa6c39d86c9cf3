"""Stripe's customer portal, where clients change their card and details; and paying an open invoice at once."""

from dataclasses import dataclass
from typing import Literal, cast

import stripe

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.objects.fields import text
from billingportal.stripe_gateway.requests.calls import ask

# The one task that a session is for.
Flow = Literal["payment_method_update", "customer_update"]
ALLOWED_UPDATES: tuple[str, ...] = ("email", "address", "name", "tax_id")


@dataclass(frozen=True)
class PortalLook:
    """Our texts and links in Stripe's customer portal. A missing address is empty."""

    headline: str
    privacy_url: str
    terms_url: str


class BillingPortal:
    """Every method may raise a StripeProblem."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def create_configuration(self, look: PortalLook, idempotency_key: str) -> str:
        """A configuration of our own; its id. The account's default one is left alone."""
        params = cast("stripe.params.billing_portal.ConfigurationCreateParams", configuration_params(look))
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        portal = self._client.v1.billing_portal
        source, _ = ask(lambda: portal.configurations.create(params=params, options=options))
        return text(source, "id")

    def update_configuration(self, configuration_id: str, look: PortalLook) -> None:
        """Write our settings to a configuration again, and activate it."""
        given: JsonObject = {**configuration_params(look), "active": True}
        params = cast("stripe.params.billing_portal.ConfigurationUpdateParams", given)
        ask(lambda: self._client.v1.billing_portal.configurations.update(configuration_id, params=params))

    def open_session(self, customer_id: str, configuration_id: str, return_url: str, flow: Flow) -> str:
        """The URL of a new session. It is valid for some minutes and this customer only: never store it."""
        back: JsonObject = {"type": "redirect", "redirect": {"return_url": return_url}}
        given: JsonObject = {
            "customer": customer_id,
            "configuration": configuration_id,
            "return_url": return_url,
            "flow_data": {"type": flow, "after_completion": back},
        }
        params = cast("stripe.params.billing_portal.SessionCreateParams", given)
        source, _ = ask(lambda: self._client.v1.billing_portal.sessions.create(params=params))
        return text(source, "url")

    def pay_invoice(self, invoice_id: str, method_id: str, idempotency_key: str) -> None:
        """Charge an open invoice now, with the client present, to this payment method, or to Stripe's choice where it
        is empty. Raises RequestRefused when the bank declines, or requires the client to confirm."""
        params: stripe.params.InvoicePayParams = {"off_session": False}
        if method_id:
            params["payment_method"] = method_id
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        ask(lambda: self._client.v1.invoices.pay(invoice_id, params=params, options=options))

    def finalize_invoice(self, invoice_id: str, idempotency_key: str) -> None:
        """Make a draft an open invoice, so that it can be paid. Raises RequestRefused when it is none any more.

        Stripe does not charge it by itself: that could be another amount than the one that was shown.
        """
        params: stripe.params.InvoiceFinalizeInvoiceParams = {"auto_advance": False}
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        ask(lambda: self._client.v1.invoices.finalize_invoice(invoice_id, params=params, options=options))

    def collect_invoice(self, invoice_id: str, idempotency_key: str) -> None:
        """Charge an open invoice to the default payment method now, without the client. Raises RequestRefused as
        above."""
        params: stripe.params.InvoicePayParams = {"off_session": True}
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        ask(lambda: self._client.v1.invoices.pay(invoice_id, params=params, options=options))

    def use_method(self, subscription_id: str, method_id: str, idempotency_key: str) -> None:
        """Make this the subscription's default payment method."""
        params: stripe.params.SubscriptionUpdateParams = {"default_payment_method": method_id}
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        ask(lambda: self._client.v1.subscriptions.update(subscription_id, params=params, options=options))

    def resume_subscription(self, subscription_id: str, idempotency_key: str) -> None:
        """Resume a paused subscription from now, once its invoice is paid. Raises RequestRefused as above."""
        params: stripe.params.SubscriptionResumeParams = {
            "billing_cycle_anchor": {"type": "now"},
            "payment_behavior": "resume_on_payment_success",
        }
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        ask(lambda: self._client.v1.subscriptions.resume(subscription_id, params=params, options=options))


def configuration_params(look: PortalLook) -> JsonObject:
    """The features allowed there. Plans are changed and cancelled in our portal only, so there is one way to do it."""
    profile: JsonObject = {"headline": look.headline}
    if look.privacy_url:
        profile["privacy_policy_url"] = look.privacy_url
    if look.terms_url:
        profile["terms_of_service_url"] = look.terms_url
    return {
        "business_profile": profile,
        "features": {
            "payment_method_update": {"enabled": True},
            "customer_update": {"enabled": True, "allowed_updates": list[Json](ALLOWED_UPDATES)},
            "invoice_history": {"enabled": True},
            "subscription_cancel": {"enabled": False},
            "subscription_update": {"enabled": False},
        },
        "metadata": {"made_by": "billing_portal"},
    }
