"""Running subscriptions at Stripe: preview a change, change, cancel and undo a cancellation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

import stripe

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.errors import NotThere
from billingportal.stripe_gateway.objects import invoice_previews
from billingportal.stripe_gateway.objects.invoice_previews import InvoicePreview
from billingportal.stripe_gateway.objects.payment_states import PaymentState, payment_state
from billingportal.stripe_gateway.requests.calls import ask
from billingportal.stripe_gateway.requests.checkouts import MissingCard
from billingportal.stripe_gateway.requests.discounts import ChosenDiscounts, discount_params, items_with_discounts


@dataclass(frozen=True)
class ItemChange:
    """The wanted state of an item. Without an id it is added; `quantity` is None for a metered price."""

    stripe_subscription_item_id: str | None
    stripe_price_id: str
    quantity: int | None
    is_removed: bool = False


@dataclass(frozen=True)
class TrialChange:
    """A trial after a change: it ends now, keeps its end or has an earlier one; and what it ends in without a card."""

    end: Literal["now", "kept"] | datetime
    missing_card: MissingCard


@dataclass(frozen=True)
class Farewell:
    """Why a client cancels: one of Stripe's feedback values, or empty, and the client's comment."""

    feedback: str = ""
    comment: str = ""


class Subscriptions:
    """Every method may raise a StripeProblem."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def preview(
        self,
        subscription_id: str,
        changes: Sequence[ItemChange] = (),
        *,
        prorated_at: datetime | None = None,
        is_recurring: bool = False,
        ends_trial: bool = False,
        discounts: ChosenDiscounts | None = None,
    ) -> InvoicePreview:
        """The invoice for changing the items now, and ending the trial if asked; `is_recurring`: the invoice of each
        later period instead.

        Without `discounts`, those that run count.
        """
        details: JsonObject = {"proration_behavior": "none" if prorated_at is None else "always_invoice"}
        if prorated_at is not None:
            details["proration_date"] = int(prorated_at.timestamp())
        items: list[Json] = [item_params(change) for change in changes]
        if discounts is not None:
            items = items_with_discounts([item_params(change) for change in changes], discounts)
        if items:
            details["items"] = items
        if ends_trial:
            details["trial_end"] = "now"
        more: JsonObject = {} if discounts is None else {"discounts": discount_params(discounts, None)}
        return self._preview(subscription_id, details if items else {}, more, is_recurring=is_recurring)

    def preview_end(self, subscription_id: str, *, is_prorated: bool) -> InvoicePreview | None:
        """The final invoice of cancelling now, for usage not yet invoiced; None when there is nothing to invoice."""
        behavior = "always_invoice" if is_prorated else "none"
        return self._preview_if_any(subscription_id, {"cancel_now": True, "proration_behavior": behavior})

    def preview_trial_end(self, subscription_id: str) -> InvoicePreview | None:
        """The invoice for ending the trial now; None when there is nothing to invoice."""
        return self._preview_if_any(subscription_id, {"trial_end": "now"})

    def preview_resumption(self, subscription_id: str) -> InvoicePreview | None:
        """The invoice for resuming a paused subscription now; None when there is nothing to invoice."""
        return self._preview_if_any(subscription_id, {"resume_at": "now", "billing_cycle_anchor": {"type": "now"}})

    def _preview_if_any(self, subscription_id: str, details: JsonObject) -> InvoicePreview | None:
        try:
            return self._preview(subscription_id, details)
        except NotThere:
            return None

    def _preview(
        self, subscription_id: str, details: JsonObject, more: JsonObject | None = None, *, is_recurring: bool = False
    ) -> InvoicePreview:
        given: JsonObject = {"subscription": subscription_id, **(more or {})}
        if details:
            given["subscription_details"] = details
        if is_recurring:
            given["preview_mode"] = "recurring"
        params = cast("stripe.params.InvoiceCreatePreviewParams", given)
        source, _ = ask(lambda: self._client.v1.invoices.create_preview(params=params))
        return invoice_previews.invoice_preview(source)

    def change_items(
        self,
        subscription_id: str,
        changes: Sequence[ItemChange],
        *,
        prorated_at: datetime,
        is_paid_by_bill: bool,
        trial: TrialChange | None = None,
        idempotency_key: str,
    ) -> None:
        """Change the items and charge the difference now. Until it is paid, the items stay as they are.

        With `is_paid_by_bill` the items change at once, before the invoice is paid. `trial`: what becomes of a trial.
        """
        params: JsonObject = {
            "items": items_params(changes),
            "proration_behavior": "always_invoice",
            "proration_date": int(prorated_at.timestamp()),
        }
        if trial is not None:
            params |= trial_params(trial)
        if not is_paid_by_bill and (trial is None or trial.end == "now"):
            params["payment_behavior"] = "pending_if_incomplete"
        self._update(subscription_id, params, idempotency_key)

    def payment_state(self, invoice_id: str) -> PaymentState:
        """The payment state of an invoice."""
        expand: stripe.params.InvoiceRetrieveParams = {"expand": ["payments.data.payment.payment_intent"]}
        source, _ = ask(lambda: self._client.v1.invoices.retrieve(invoice_id, params=expand))
        return payment_state(source)

    def give_up_invoice(self, invoice_id: str) -> None:
        """Void an open invoice. Stripe then drops a change that waits for its payment."""
        ask(lambda: self._client.v1.invoices.void_invoice(invoice_id))

    def cancel_at(self, subscription_id: str, moment: datetime | None, why: Farewell, idempotency_key: str) -> None:
        """Cancel at the end of the period, or at `moment` where the items' periods differ."""
        params: JsonObject = {"cancellation_details": farewell_params(why)}
        if moment is None:
            params["cancel_at_period_end"] = True
        else:
            params["cancel_at"] = int(moment.timestamp())
        self._update(subscription_id, params, idempotency_key)

    def keep(self, subscription_id: str, *, is_at_period_end: bool, idempotency_key: str) -> None:
        """Undo a scheduled cancellation: `cancel_at_period_end` or `cancel_at`, whichever was set."""
        params: JsonObject = {"cancel_at_period_end": False} if is_at_period_end else {"cancel_at": ""}
        self._update(subscription_id, params, idempotency_key)

    def end_trial(self, subscription_id: str, idempotency_key: str) -> None:
        """End the trial now, so that the first paid period starts."""
        self._update(subscription_id, {"trial_end": "now"}, idempotency_key)

    def cancel_now(self, subscription_id: str, *, is_prorated: bool, why: Farewell, idempotency_key: str) -> None:
        """Cancel now, and invoice the usage so far. `is_prorated`: unused prepaid time becomes credit."""
        params = cast(
            "stripe.params.SubscriptionCancelParams",
            {"invoice_now": True, "prorate": is_prorated, "cancellation_details": farewell_params(why)},
        )
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        ask(lambda: self._client.v1.subscriptions.cancel(subscription_id, params=params, options=options))

    def _update(self, subscription_id: str, given: JsonObject, idempotency_key: str) -> None:
        params = cast("stripe.params.SubscriptionUpdateParams", given)
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        ask(lambda: self._client.v1.subscriptions.update(subscription_id, params=params, options=options))


def items_params(changes: Sequence[ItemChange]) -> list[Json]:
    return [item_params(change) for change in changes]


def item_params(change: ItemChange) -> JsonObject:
    """Changes the item with this id, or adds one without an id. Without a quantity Stripe would take 1."""
    named: JsonObject = {"id": change.stripe_subscription_item_id} if change.stripe_subscription_item_id else {}
    if change.is_removed:
        return {**named, "deleted": True}
    number: JsonObject = {} if change.quantity is None else {"quantity": change.quantity}
    return {**named, "price": change.stripe_price_id, **number}


def trial_params(trial: TrialChange) -> JsonObject:
    """A trial that goes on costs nothing now. Stripe takes its settings only in calls that do not wait for payment."""
    if trial.end == "now":
        return {"trial_end": "now"}
    ending: JsonObject = {"missing_payment_method": trial.missing_card}
    params: JsonObject = {"trial_settings": {"end_behavior": ending}}
    return params if trial.end == "kept" else params | {"trial_end": int(trial.end.timestamp())}


def farewell_params(why: Farewell) -> JsonObject:
    return {name: value for name, value in (("feedback", why.feedback), ("comment", why.comment)) if value}
