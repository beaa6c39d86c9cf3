"""Subscribes as a checkout would, and pays the first invoice."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from billingportal.clock import from_unix
from billingportal.domain.checkout import settings as checkout_settings
from billingportal.domain.checkout.requests import Wanted, request_for
from billingportal.domain.rehearsal.calendar import after
from billingportal.domain.rehearsal.comparison import check, moment_words, span_words
from billingportal.domain.rehearsal.promises import (
    ExpectedLine,
    Promise,
    default_plan,
    expected_lines,
    promise_of,
    promised_quotas,
)
from billingportal.domain.rehearsal.stage import LABEL, Scene
from billingportal.domain.rehearsal.steps.arrival import client_id, plan_name
from billingportal.domain.rehearsal.steps.discounts import coupon_json, discount_of
from billingportal.domain.rehearsal.steps.facts import (
    access_of,
    check_quotas,
    check_renewal,
    check_standing,
    subscription_of,
)
from billingportal.domain.rehearsal.steps.invoices import compare_invoice
from billingportal.domain.rehearsal.steps.kind import Kind
from billingportal.models import Client, Invoice, RehearsalLife, SubscriptionItem
from billingportal.money import Money
from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.errors import RightMissing
from billingportal.stripe_gateway.objects.copies import InvoiceCopy
from billingportal.stripe_gateway.requests.checkouts import NewCheckout
from billingportal.stripe_gateway.requests.test_mode.test_customers import Coupon

NOWHERE = "https://rehearsal.invalid"


def promise(scene: Scene) -> Promise:
    """What the life's plan promises."""
    with scene.stage.transaction() as session:
        life = session.get_one(RehearsalLife, scene.stage.life_id)
        return promise_of(session, life.plan_id, (life.interval, life.interval_count), life.currency)


def subscribe_intent(scene: Scene) -> JsonObject:
    """The very request that checkout would make, written down before Stripe is asked."""
    wanted = promise(scene)
    with scene.stage.transaction() as session:
        asked = Wanted(scene.stage.account_id, client_id(scene), wanted.plan_id, wanted.selection, NOWHERE, NOWHERE)
        client = session.get_one(Client, client_id(scene))
        request = request_for(session, asked, client, scene.key)
    frozen_at = scene.stage.gateway.test_clocks.state(scene.clock_id).frozen_at
    more: JsonObject = {"request": request.to_json(), "at": int(frozen_at.timestamp())}
    coupon = scene.intent.get("coupon")
    if isinstance(coupon, str):
        more["terms"] = coupon_json(scene.stage.gateway.test_customers.coupon(coupon))
    return more


def subscribe(scene: Scene) -> JsonObject:
    stored = scene.intent["request"]
    if not isinstance(stored, dict):
        raise TypeError("a subscription's intent has its request")
    request = NewCheckout.from_json(stored)
    coupon, terms = make_coupon(scene) or chosen_coupon(scene)
    made = scene.stage.gateway.test_customers.subscribe(scene.known("customer"), request, coupon, scene.key)
    return scene.made(subscription=made, anchor=anchor(scene), began=scene.intent["at"], invoices=0, coupon=terms)


def make_coupon(scene: Scene) -> tuple[str, JsonObject] | None:
    """A coupon for this life alone, where the step wants one and the key may make it. Its id is the step's key."""
    percent = scene.intent.get("percent_off")
    if not isinstance(percent, int):
        return None
    try:
        scene.stage.gateway.test_coupons.create(scene.key, percent, LABEL)
    except RightMissing:
        return None
    return scene.key, coupon_json(Coupon(scene.key, Decimal(percent), None, None, "forever", None))


def chosen_coupon(scene: Scene) -> tuple[str | None, Json]:
    """The partner's coupon that staff chose for this client, with the terms that the intent has."""
    coupon = scene.intent.get("coupon")
    return (coupon, scene.intent.get("terms")) if isinstance(coupon, str) else (None, None)


def anchor(scene: Scene) -> int:
    """When the first paid period begins: after the trial, where the plan promises one."""
    return scene.planned("at") + promise(scene).trial_days * 24 * 3600


def check_subscribed(scene: Scene) -> list[JsonObject]:
    """Items, period and status; and what is in force before anything is paid."""
    wanted, at = promise(scene), scene.moment("anchor")
    began = scene.moment("began")
    is_trial = wanted.trial_days > 0
    ends_at = at if is_trial else after(at, wanted.selection.period)
    with scene.stage.transaction() as session:
        row = subscription_of(session, scene.stage.account_id, scene.known("subscription"))
        seen = access_of(session, client_id(scene))
        if row is None:
            why = "The portal has no row of the subscription."
            return [check("subscription", "Subscription", "1 subscription", "none", why=why)]
        rows = [
            check("items", "Prices and quantities", items_words(wanted), stored_items(row.items)),
            check("currency", "Currency", wanted.selection.currency.upper(), row.currency.upper()),
            check("period", "Period", span_words(began, ends_at), first_span(row.items)),
        ]
        if is_trial:
            trial = moment_words(row.trial_ends_at)
            rows.append(
                check("trial", "End of the trial", moment_words(at), trial, why="The trial of the plan differs.")
            )
        is_paid = is_trial or not wants_payment(wanted)
        standing = "trialing" if is_trial else "active" if is_paid else "waiting"
        base = default_plan(session)
        quotas = wanted.quotas if is_paid else promised_quotas(session, base)
        name = wanted.name if is_paid else base.name if base else "no plan"
        rows.append(check("plan", "Plan in force", name, plan_name(session, seen.plan_id)))
        return [*rows, check_standing(standing, seen), *check_quotas(session, quotas, seen)]


def wants_payment(wanted: Promise) -> bool:
    """Whether the first invoice asks for money."""
    at = from_unix(0)
    return any(line.amount.minor for line in expected_lines(wanted.ahead, {}, at, at))


def items_words(wanted: Promise) -> str:
    return ", ".join(sorted(item_words(one.stripe_price_id, one.quantity) for one in wanted.sold))


def stored_items(items: Sequence[SubscriptionItem]) -> str:
    return ", ".join(sorted(item_words(one.stripe_price_id, one.quantity) for one in items))


def item_words(price: str, quantity: int | None) -> str:
    return f"{price} by use" if quantity is None else f"{quantity:,} × {price}"


def first_span(items: Sequence[SubscriptionItem]) -> str:
    ahead = [one for one in items if one.quantity is not None] or items
    return span_words(ahead[0].period_started_at, ahead[0].period_ends_at) if ahead else "none"


def pay_first(scene: Scene) -> JsonObject:
    """Pay the first invoice, where it is open: as the client does on Stripe's page."""
    found = scene.stage.gateway.test_customers.invoices(scene.known("customer"))
    for invoice in found:
        if invoice.status == "open":
            scene.stage.gateway.test_customers.pay(invoice.stripe_invoice_id, scene.key)
    newest = found[0].stripe_invoice_id if found else None
    return scene.made(invoice=newest, invoices=len(found))


def check_first(scene: Scene) -> list[JsonObject]:
    wanted, at = promise(scene), scene.moment("anchor")
    ends_at = after(at, wanted.selection.period)
    lines = expected_lines(wanted.ahead, {}, at, ends_at)
    rows = compare_newest(scene, lines, wanted, count=1, at=at)
    return [*rows, *check_in_force(scene, wanted, "active", ends_at)]


def compare_newest(
    scene: Scene, lines: Sequence[ExpectedLine], wanted: Promise, *, count: int, at: datetime
) -> list[JsonObject]:
    """Compare the customer's newest invoice, which was made at this time, and how many there are."""
    gateway = scene.stage.gateway
    discount = discount_of(scene, lines, at)
    invoices = gateway.test_customers.invoices(scene.known("customer"))
    newest: InvoiceCopy | None = invoices[0] if invoices else None
    seen = gateway.invoice_lines(newest.stripe_invoice_id) if newest else []
    with scene.stage.transaction() as session:
        has_tax = checkout_settings.current_settings(session).computes_tax
    rows = compare_invoice(lines, newest, seen, discount=discount, has_tax=has_tax, currency=wanted.selection.currency)
    number = f"{len(invoices):,} invoice{'' if len(invoices) == 1 else 's'}"
    rows.append(check("invoice.count", "Invoices so far", f"{count:,} invoice{'' if count == 1 else 's'}", number))
    if newest is not None:
        rows.append(check("invoice.status", "Payment of the invoice", "paid", newest.status))
        rows.append(check_invoice_here(scene, newest))
    return rows


def check_invoice_here(scene: Scene, invoice: InvoiceCopy) -> JsonObject:
    """The portal's own row of an invoice: an older event must not have replaced a newer one."""
    with scene.stage.transaction() as session:
        row = session.scalar(
            select(Invoice).where(
                Invoice.processor_account_id == scene.stage.account_id,
                Invoice.stripe_invoice_id == invoice.stripe_invoice_id,
            )
        )
        seen = f"{row.status}, {Money(row.total_minor, row.currency)}" if row is not None else "none"
    wanted = f"{invoice.status}, {Money(invoice.total_minor, invoice.currency)}"
    why = "The portal has another state of the invoice than Stripe has now."
    meaning = "Pages and the host platform would show the wrong invoice."
    return check("invoice.here", "Invoice as the portal has it", wanted, seen, why=why, meaning=meaning)


def check_in_force(scene: Scene, wanted: Promise, standing: str, renews_at: datetime | None) -> list[JsonObject]:
    """Plan, status, renewal and quotas."""
    with scene.stage.transaction() as session:
        seen = access_of(session, client_id(scene))
        return [
            check("plan", "Plan in force", wanted.name, plan_name(session, seen.plan_id)),
            check_standing(standing, seen),
            check_renewal(renews_at, seen),
            *check_quotas(session, wanted.quotas, seen),
        ]


SUBSCRIBE = Kind(subscribe, check_subscribed, subscribe_intent, ("customer.subscription.created",))
FIRST_INVOICE = Kind(pay_first, check_first, events=("invoice.paid",))
