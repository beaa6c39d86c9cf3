"""Every answer and every event carries what the official SDK's resource classes require."""

import json
import urllib.request
from typing import Any

import pytest
import stripe

from tests.sandbox.build import first_item, monthly_price, paying_customer, running_subscription, subscribe
from tests.sandbox.checkout.build import complete, open_session
from tests.sandbox.contract import violations
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

LISTS = {
    "product": "products?expand[]=data.default_price",
    "price": "prices?expand[]=data.tiers&expand[]=data.product",
    "billing_portal.configuration": "billing_portal/configurations?expand[]=data.features.subscription_update.products",
    "customer": "customers?expand[]=data.subscriptions&expand[]=data.tax_ids",
    "payment_method": "payment_methods",
    "subscription": "subscriptions?status=all&expand[]=data.latest_invoice&expand[]=data.discounts.source.coupon",
    "invoice": "invoices?expand[]=data.payments&expand[]=data.confirmation_secret",
    "invoice_payment": "invoice_payments?expand[]=data.invoice",
    "payment_intent": "payment_intents?expand[]=data.latest_charge",
    "charge": "charges?expand[]=data.refunds",
    "refund": "refunds",
    "dispute": "disputes",
    "tax_rate": "tax_rates",
    "subscription_schedule": "subscription_schedules?expand[]=data.subscription",
    "coupon": "coupons?expand[]=data.applies_to&expand[]=data.currency_options",
    "promotion_code": "promotion_codes?expand[]=data.promotion.coupon",
    "checkout.session": "checkout/sessions?expand[]=data.line_items&expand[]=data.subscription",
    "invoiceitem": "invoiceitems",
    "billing.meter": "billing/meters",
    "webhook_endpoint": "webhook_endpoints",
    "event": "events?limit=100",
}


def fetch(sandbox: Sandbox, key: str, path: str) -> dict[str, Any]:
    request = urllib.request.Request(f"{sandbox.url}/v1/{path}", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found = json.load(answer)
    assert isinstance(found, dict)
    return found


def visit_portal(client: stripe.StripeClient, subscription: stripe.Subscription) -> None:
    """The way into the customer portal, and a tax id."""
    customer, price = str(subscription.customer), first_item(subscription).price
    client.v1.customers.tax_ids.create(customer, params={"type": "eu_vat", "value": "IE000000000"})
    products = [{"product": str(price.product), "prices": [price.id]}]
    update: Any = {"enabled": True, "default_allowed_updates": ["price"], "products": products}
    features: Any = {"subscription_cancel": {"enabled": True}, "subscription_update": update}
    configuration = client.v1.billing_portal.configurations.create(params={"features": features})
    client.v1.billing_portal.configurations.update(configuration.id, params={"name": "Ours"})
    cancel: Any = {"type": "subscription_cancel", "subscription_cancel": {"subscription": subscription.id}}
    client.v1.billing_portal.sessions.create(
        params={"customer": customer, "configuration": configuration.id, "flow_data": cancel}
    )


def with_discounts(sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient) -> None:
    """A taxed subscription with discounts, one of which is over."""
    sandbox.control("tax", account=account.id, mode="test", percent="23")
    half: Any = {"percent_off": 50, "duration": "repeating", "duration_in_months": 2}
    dollar: Any = {"amount_off": 100, "currency": "usd", "currency_options": {"eur": {"amount_off": 90}}}
    coupons = [client.v1.coupons.create(params=terms).id for terms in (half, dollar)]
    promotion: Any = {"promotion": {"type": "coupon", "coupon": coupons[0]}}
    code = client.v1.promotion_codes.create(params=promotion)
    buyer = paying_customer(client)
    client.v1.customers.update(buyer.id, params={"address": {"country": "IE"}})
    given: Any = {"automatic_tax": {"enabled": True}}
    given["discounts"] = [{"promotion_code": code.id}, {"coupon": coupons[1]}]
    subscribe(client, buyer.id, monthly_price(client).id, **given)
    client.v1.coupons.delete(coupons[1])


def planned(client: stripe.StripeClient) -> None:
    """A subscription with tax rates and an item's discount, and a schedule that keeps them."""
    terms: Any = {"display_name": "VAT", "percentage": 20, "inclusive": False}
    rate = client.v1.tax_rates.create(params=terms).id
    coupon = client.v1.coupons.create(params={"percent_off": 10, "duration": "forever"}).id
    item: Any = {"price": monthly_price(client).id, "discounts": [{"coupon": coupon}], "tax_rates": [rate]}
    running = subscribe(client, paying_customer(client).id, "", items=[item], default_tax_rates=[rate])
    schedule = client.v1.subscription_schedules.create(params={"from_subscription": running.id})
    kept = [{"discount": str(one)} for one in first_item(running).discounts]
    phase: Any = {
        "items": [{"price": item["price"], "discounts": kept, "tax_rates": [rate]}],
        "default_tax_rates": [rate],
        "invoice_settings": {"footer": "Thanks"},
        "start_date": schedule.phases[0].start_date,
    }
    client.v1.subscription_schedules.update(schedule.id, params={"phases": [phase]})


def regretted(sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient) -> None:
    """Payments that were given back or disputed."""
    invoices = [str(running_subscription(client).latest_invoice) for _ in range(2)]
    payment = client.v1.invoice_payments.list(params={"invoice": invoices[0]}).data[0].payment
    for amount in (100, 200):
        refund = client.v1.refunds.create(params={"payment_intent": str(payment.payment_intent), "amount": amount})
    sandbox.control("refunds/fail", account=account.id, mode="test", refund=refund.id)
    for status in ("needs_response", "lost"):
        sandbox.control("disputes", account=account.id, mode="test", invoice=invoices[1], status=status)


def through_checkout(sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient) -> None:
    """Sessions that are complete, under way, expired and open, which ask for all that they can."""
    more: Any = {
        "billing_address_collection": "required",
        "consent_collection": {"terms_of_service": "required"},
        "custom_text": {"submit": {"message": "Thanks"}},
        "tax_id_collection": {"enabled": True},
        "subscription_data": {"trial_period_days": 3},
        "after_expiration": {"recovery": {"enabled": True}},
    }
    filled = {"country": "IE", "terms": "accepted", "tax_id_type": "eu_vat", "tax_id": "IE1234567FA"}
    price = monthly_price(client).id
    for given, card in ((more, "4242424242424242"), ({}, "sepa"), ({}, "4000000000000002")):
        session = open_session(client, price, customer_email="new@harbour.example", **given)
        complete(sandbox, account, session, card, **filled)
    sandbox.control("payments/settle", account=account.id, mode="test", outcome="failed")
    client.v1.checkout.sessions.expire(session.id)
    open_session(client, price, customer=paying_customer(client).id)


def with_one_off(client: stripe.StripeClient, customer: str) -> None:
    """An invoice without a subscription, sent and paid."""
    sent: Any = {"customer": customer, "currency": "usd", "collection_method": "send_invoice", "days_until_due": 3}
    draft = str(client.v1.invoices.create(params=sent).id)
    line: Any = {"customer": customer, "invoice": draft, "amount": 500, "currency": "usd", "description": "Workshop"}
    client.v1.invoice_items.create(params=line)
    client.v1.invoices.finalize_invoice(draft)
    client.v1.invoices.pay(draft)


@pytest.fixture
def full_life(sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient) -> SandboxAccount:
    """An account in which a bit of everything has happened."""
    for name in ("catalog", "subscription"):
        sandbox.control("samples", account=account.id, mode="test", name=name)
    params: Any = {"url": "https://portal.example/hook", "enabled_events": ["product.created"]}
    client.v1.webhook_endpoints.create(params=params)
    client.v1.products.create(
        params={
            "name": "Everything",
            "package_dimensions": {"height": 1, "length": 2.5, "weight": 3, "width": 4},
            "tax_details": {"tax_code": "txcd_10103001"},
            "marketing_features": [{"name": "Fast"}],
            "default_price_data": {"currency": "usd", "unit_amount": 5, "recurring": {"interval": "year"}},
        }
    )
    address: Any = {"city": "Cork", "country": "IE"}
    client.v1.customers.create(params={"address": address, "shipping": {"name": "Aoife", "address": address}})
    running = running_subscription(client)
    visit_portal(client, running)
    client.v1.subscriptions.update(running.id, params={"items": [{"id": first_item(running).id, "quantity": 3}]})
    changed: Any = {"items": [{"id": first_item(running).id, "quantity": 5}], "proration_behavior": "always_invoice"}
    client.v1.subscriptions.update(running.id, params=changed)
    client.v1.subscriptions.cancel(running.id, params={"invoice_now": True, "prorate": True})
    through_checkout(sandbox, account, client)
    with_discounts(sandbox, account, client)
    regretted(sandbox, account, client)
    planned(client)
    waiting = running_subscription(client)
    client.v1.subscriptions.update(waiting.id, params={"default_payment_method": "pm_card_chargeCustomerFail"})
    later: Any = {"items": [{"id": first_item(waiting).id, "quantity": 5}], "proration_behavior": "always_invoice"}
    later["payment_behavior"] = "pending_if_incomplete"
    client.v1.subscriptions.update(waiting.id, params=later)
    paused = running_subscription(client)
    client.v1.subscriptions.pause(paused.id, params={"invoicing_behavior": "invoice"})
    terms: dict[str, Any] = {"customer": paying_customer(client).id, "items": [{"price": monthly_price(client).id}]}
    trial: Any = {**terms, "trial_period_days": 7, "cancel_at": "min_period_end"}
    client.v1.subscriptions.create(params=trial)
    failing = paying_customer(client, "pm_card_chargeCustomerFail")
    unpaid: Any = {**terms, "customer": failing.id}
    client.v1.subscriptions.create(params=unpaid)
    sent: Any = {**unpaid, "collection_method": "send_invoice", "days_until_due": 3}
    waiting = client.v1.subscriptions.create(params=sent)
    client.v1.invoices.mark_uncollectible(str(waiting.latest_invoice))
    with_one_off(client, paying_customer(client).id)
    client.v1.customers.delete(failing.id)
    return account


def test_every_object_carries_what_the_sdk_requires(sandbox: Sandbox, full_life: SandboxAccount) -> None:
    found: list[str] = []
    for kind, path in LISTS.items():
        page = fetch(sandbox, full_life.test_key, path)
        assert {item["object"] for item in page["data"]} == {kind}
        found.extend(violations(page))
    assert found == []


@pytest.mark.parametrize("path", ["account", "balance", "tax/settings"])
def test_the_account_and_its_balance_do_too(sandbox: Sandbox, account: SandboxAccount, path: str) -> None:
    assert list(violations(fetch(sandbox, account.test_key, path))) == []


def test_every_event_carries_a_whole_object(sandbox: Sandbox, full_life: SandboxAccount) -> None:
    found: list[str] = []
    types: set[str] = set()
    cursor = ""
    while True:
        page = fetch(sandbox, full_life.test_key, f"events?limit=100{cursor}")
        for event in page["data"]:
            types.add(event["type"])
            found.extend(violations(event["data"]["object"], event["type"]))
            assert ("previous_attributes" in event["data"]) <= event["type"].endswith(("updated", "detached"))
        if not page["has_more"]:
            break
        cursor = f"&starting_after={page['data'][-1]['id']}"
    assert found == []
    assert {"invoice.payment_failed", "customer.subscription.deleted", "invoiceitem.created"} <= types


def test_invoice_lines_do_too(sandbox: Sandbox, full_life: SandboxAccount) -> None:
    for invoice in fetch(sandbox, full_life.test_key, "invoices")["data"]:
        lines = fetch(sandbox, full_life.test_key, f"invoices/{invoice['id']}/lines")
        assert list(violations(lines)) == []
        assert sum(line["amount"] for line in lines["data"]) == invoice["subtotal"]


def test_previews_do_too(sandbox: Sandbox, full_life: SandboxAccount, client: stripe.StripeClient) -> None:
    customer, price = paying_customer(client), monthly_price(client)
    running = running_subscription(client)
    change: Any = {"items": [{"id": first_item(running).id, "quantity": 3}]}
    for given in (
        {"customer": customer.id, "subscription_details": {"items": [{"price": price.id}]}},
        {"subscription": running.id},
        {"subscription": running.id, "subscription_details": change},
        {"subscription": running.id, "subscription_details": {**change, "proration_behavior": "always_invoice"}},
    ):
        params: Any = given
        answer = client.v1.invoices.create_preview(params=params).last_response
        assert answer is not None
        assert list(violations(json.loads(answer.body))) == []


def test_the_check_itself_notices_what_is_missing_null_wrong_or_undeclared(
    sandbox: Sandbox, full_life: SandboxAccount
) -> None:
    subscription = fetch(sandbox, full_life.test_key, "subscriptions?status=all")["data"][0]
    del subscription["billing_mode"]
    subscription["metadata"] = None
    subscription["status"] = "happy"
    subscription["current_period_end"] = 1
    subscription["items"]["data"][0]["quantity"] = "1"
    del subscription["items"]["data"][0]["price"]["active"]
    found = " ".join(violations(subscription))
    for name in ("billing_mode", "metadata", "status", "current_period_end", "quantity", "price.active"):
        assert f".{name} is" in found


def test_the_last_event_of_an_object_holds_it_as_it_is_now(sandbox: Sandbox, full_life: SandboxAccount) -> None:
    last: dict[str, dict[str, Any]] = {}
    cursor = ""
    while True:
        page = fetch(sandbox, full_life.test_key, f"events?limit=100{cursor}")
        for event in page["data"]:
            last.setdefault(str(event["data"]["object"].get("id")), event["data"]["object"])
        if not page["has_more"]:
            break
        cursor = f"&starting_after={page['data'][-1]['id']}"
    for path in ("products", "prices", "customers", "subscriptions?status=all", "invoices", "billing/meters"):
        objects = fetch(sandbox, full_life.test_key, path)["data"]
        assert objects != []
        assert [last[one["id"]] for one in objects] == objects
