"""Creates one object in live mode, unless Stripe has it already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.common.plurals import counted
from billingportal.domain.go_live.promotion.planned_step import PlannedStep
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import METER, PRICE, PRODUCT
from billingportal.models import PromotionStep
from billingportal.models.go_live.promotion_step import StepKind
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.gateway import StripeGateway

OBJECT_TYPES = {"meter": METER, "product": PRODUCT, "price": PRICE}
# Longer than any request of ours is under way. Stripe stores the answer to an idempotency key, a 5xx too, for a day
# (Stripe, "Idempotent requests"): a step that failed then is asked under a new key.
UNDER_WAY = timedelta(minutes=5)


@dataclass(frozen=True)
class Asked:
    """One creation. `was_asked`: Stripe was asked before, and may have created it."""

    kind: StepKind
    subject: str
    params: JsonObject
    idempotency_key: str
    was_asked: bool


def ask_for(step: PromotionStep, made: Mapping[tuple[str, str], str]) -> Asked:
    """Note that Stripe is asked for the step now; commit it before you ask."""
    was_asked, moment = step.asked_at is not None, now()
    if step.failed_at is not None and step.failed_at < moment - UNDER_WAY:
        step.attempt += 1
        step.failed_at = None
    step.asked_at = moment
    key = f"promotion-{step.promotion_id}-{step.position}-{step.attempt}"
    return Asked(step.kind, step.subject, params_of(step, made), key, was_asked)


def params_of(step: PromotionStep, made: Mapping[tuple[str, str], str]) -> JsonObject:
    """The parameters of the request; a price gets the product and meter that were created before it."""
    if step.kind != "price":
        return step.request
    params = dict(cast(JsonObject, step.request["params"]))
    awaits = awaited(step)
    if "product" in awaits:
        params["product"] = made["product", awaits["product"]]
    if "meter" in awaits:
        params["recurring"] = {**cast(JsonObject, params["recurring"]), "meter": made["meter", awaits["meter"]]}
    return params


def awaited(step: PromotionStep) -> dict[str, str]:
    """The test product and meter whose twins are created before this price."""
    return {kind: str(subject) for kind, subject in cast(JsonObject, step.request.get("awaits") or {}).items()}


def failed_before(step: PromotionStep, made: Mapping[tuple[str, str], str]) -> str:
    """Why the step cannot be asked for: its product or meter was not created. Empty when it can."""
    missing = [kind for kind, subject in awaited(step).items() if (kind, subject) not in made]
    return f"Its {' and '.join(missing)} could not be created." if missing else ""


def find_or_create(gateway: StripeGateway, asked: Asked) -> str:
    """The id of the object in live mode. Raises a StripeProblem."""
    found = find(gateway, asked) if asked.was_asked else None
    if found is not None:
        return found
    create = {
        "meter": gateway.catalog_copies.create_meter,
        "product": gateway.catalog_copies.create_product,
        "price": gateway.catalog_copies.create_price,
    }[asked.kind]
    return create(asked.params, asked.idempotency_key)


def find(gateway: StripeGateway, asked: Asked) -> str | None:
    """The object that an earlier attempt created. Raises a StripeProblem."""
    if asked.kind == "meter":
        return gateway.catalog_copies.meter_copy(asked.params)
    if asked.kind == "product":
        return gateway.catalog_copies.product_copy(asked.subject)
    return gateway.catalog_copies.price_copy(asked.subject, str(asked.params["product"]))


def store(transaction: Transaction, gateway: StripeGateway, account_id: int, kind: StepKind, object_id: str) -> None:
    """Store the created object, so that it can be linked. Raises a StripeProblem."""
    reconciliation.refresh(transaction, gateway, account_id, OBJECT_TYPES[kind], object_id)


def counted_creations(steps: Sequence[PlannedStep]) -> str:
    """ "3 objects" """
    return counted(sum(1 for step in steps if step.kind != "link"), "objects")
