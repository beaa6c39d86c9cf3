"""What Stripe answers, in our words: errors, the account, endpoints, objects, lists and events."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billingportal.stripe_gateway import client
from billingportal.stripe_gateway.client import gateway_opener
from billingportal.stripe_gateway.errors import (
    KeyExpired,
    KeyRejected,
    NotThere,
    RequestRefused,
    RightMissing,
    StripeProblem,
    StripeUnreachable,
    TooManyRequests,
)
from billingportal.stripe_gateway.gateway import API_VERSION, StripeGateway
from billingportal.stripe_gateway.limits import Limits
from billingportal.stripe_gateway.listings import WALKS
from billingportal.stripe_gateway.objects.connection import AccountCopy
from billingportal.stripe_gateway.objects.copies import CustomerCopy, PriceCopy, SubscriptionCopy
from billingportal.stripe_gateway.objects.payments import DisputeCopy, RefundCopy
from billingportal.stripe_gateway.objects.sales import SubscriptionScheduleCopy
from billingportal.stripe_gateway.permissions import PROBES, TEST_PROBES, Right
from billingportal.stripe_gateway.requests import calls as request_calls
from tests.support.stripe.sandbox import Sandbox, SandboxAccount, free_port

ADDRESS = "http://127.0.0.1:9/webhooks/stripe/token"


def restricted(sandbox: Sandbox, account: SandboxAccount, *rights: str) -> StripeGateway:
    made = sandbox.control("keys", account=account.id, mode="test", kind="restricted", rights=list(rights))
    return gateway_opener(sandbox.url)(made["key"])


def requests_of(sandbox: Sandbox, account: SandboxAccount) -> int:
    asked = sandbox.control("requests")["requests"]
    return len([one for one in asked if one["key"] == account.test_key[-4:]])


@pytest.mark.parametrize(("how", "problem"), [("revoke", KeyRejected), ("expire", KeyExpired), ("roll", KeyExpired)])
def test_a_key_that_no_longer_works_is_told_apart(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway, how: str, problem: type[StripeProblem]
) -> None:
    sandbox.control(f"keys/{how}", key=account.test_key)
    with pytest.raises(KeyRejected) as caught:
        gateway.account()
    assert type(caught.value) is problem
    assert account.test_key not in caught.value.message


def test_a_key_that_stripe_never_knew_is_rejected(sandbox: Sandbox) -> None:
    with pytest.raises(KeyRejected) as caught:
        gateway_opener(sandbox.url)("sk_test_51NobodyKnowsThisKey").account()
    assert type(caught.value) is KeyRejected
    assert "NobodyKnows" not in caught.value.message


@pytest.mark.parametrize(
    ("kind", "problem", "attempts"),
    [
        ("429", TooManyRequests, 1),
        ("500", StripeUnreachable, 1 + client.NETWORK_RETRIES),
        ("drop", StripeUnreachable, 1 + client.NETWORK_RETRIES),
        ("malformed", StripeUnreachable, 1),
    ],
)
def test_trouble_at_stripe_is_told_in_our_words(
    sandbox: Sandbox,
    account: SandboxAccount,
    gateway: StripeGateway,
    kind: str,
    problem: type[StripeProblem],
    attempts: int,
) -> None:
    sandbox.control("faults", kind=kind, path_prefix="/v1/customers")
    before = requests_of(sandbox, account)
    with pytest.raises(problem) as caught:
        gateway.objects.page("customers", None)
    assert type(caught.value) is problem
    assert caught.value.message
    assert requests_of(sandbox, account) - before == attempts


def test_an_answer_that_takes_too_long_is_not_waited_for(sandbox: Sandbox, account: SandboxAccount) -> None:
    sandbox.control("faults", kind="latency", seconds=3, count=1)
    started = time.monotonic()
    with pytest.raises(StripeUnreachable, match="in time"):
        gateway_opener(sandbox.url, limits=Limits(0.4))(account.test_key).account()
    assert time.monotonic() - started < 2.5


def test_nobody_at_the_address_is_unreachable() -> None:
    with pytest.raises(StripeUnreachable):
        gateway_opener(f"http://127.0.0.1:{free_port()}")("sk_test_51abc").webhook_endpoints()


def test_a_short_failure_is_tried_again_without_a_word(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway
) -> None:
    sandbox.control("faults", kind="500", count=1)
    assert gateway.account().stripe_account_id == account.id


def test_a_problem_carries_the_request_id(sandbox: Sandbox, gateway: StripeGateway) -> None:
    with pytest.raises(RequestRefused) as caught:
        gateway.create_webhook_endpoint(ADDRESS, ["no.such_event"], {}, "key-1")
    assert str(caught.value.request_id).startswith("req_")
    assert "no.such_event" in caught.value.message


def test_the_account_is_read_with_its_mode(sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway) -> None:
    assert gateway.account() == AccountCopy(account.id, "Harbor Dental", "IE", "eur", True, False)
    assert gateway_opener(sandbox.url)(account.live_key).account().livemode is True


def test_of_an_account_that_a_key_may_not_read_the_refusal_tells_the_id_at_most(
    sandbox: Sandbox, account: SandboxAccount
) -> None:
    found = restricted(sandbox, account, "balance:read").account()
    assert found.stripe_account_id in (account.id, None)
    assert (found.name, found.country, found.charges_enabled, found.livemode) == (None, None, None, False)
    with pytest.raises(RightMissing):
        restricted(sandbox, account, "products:read").account()


def test_every_right_is_probed_and_only_what_lacks_is_named(sandbox: Sandbox, account: SandboxAccount) -> None:
    everything = [right for right, _ in (*PROBES, *TEST_PROBES)]
    assert restricted(sandbox, account, "balance:read").missing_rights(livemode=False) == everything
    assert restricted(sandbox, account, "events:read", "prices:write").missing_rights(livemode=False) == [
        right for right in everything if right not in (Right("Events", "Read"), Right("Prices", "Write"))
    ]
    assert gateway_opener(sandbox.url)(account.live_key).missing_rights(livemode=True) == []
    sandbox.control("faults", kind="500")
    with pytest.raises(StripeUnreachable):
        restricted(sandbox, account).missing_rights(livemode=False)


def test_an_endpoint_is_made_changed_listed_and_deleted(gateway: StripeGateway) -> None:
    made = gateway.create_webhook_endpoint(ADDRESS, ["product.created"], {"label": "mine"}, "key-1")
    again = gateway.create_webhook_endpoint(ADDRESS, ["product.created"], {"label": "mine"}, "key-1")
    (listed,) = gateway.webhook_endpoints()

    assert str(made.secret).startswith("whsec_")
    assert again == made
    assert str(made.secret) not in repr(made)
    assert (listed.secret, listed.api_version, listed.labels) == (None, API_VERSION, {"label": "mine"})
    changed = gateway.update_webhook_endpoint(made.stripe_webhook_endpoint_id, f"{ADDRESS}2", ["price.created"])
    assert (changed.url, changed.enabled_events, changed.is_enabled) == (
        f"{ADDRESS}2",
        frozenset({"price.created"}),
        True,
    )
    gateway.delete_webhook_endpoint(made.stripe_webhook_endpoint_id)
    gateway.delete_webhook_endpoint(made.stripe_webhook_endpoint_id)
    assert gateway.webhook_endpoints() == []
    with pytest.raises(NotThere):
        gateway.update_webhook_endpoint(made.stripe_webhook_endpoint_id, ADDRESS, ["price.created"])


def test_a_price_of_each_model_is_fetched_with_all_its_parts(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway
) -> None:
    made = sandbox.control("samples", account=account.id, mode="test", name="catalog")

    def price(model: str) -> PriceCopy:
        copy = gateway.objects.fetch("price", made["prices"][model]).copy
        assert isinstance(copy, PriceCopy)
        return copy

    assert price("flat").unit_amount_decimal == Decimal(4900)
    assert price("per_unit").unit_amount_decimal == Decimal("12.5")
    assert (price("package").package_size, price("package").package_round) == (100, "up")
    assert price("volume").tiers_mode == "volume"
    assert price("volume").tiers == [
        {"up_to": 5, "unit_amount_decimal": "900", "flat_amount_decimal": None},
        {"up_to": None, "unit_amount_decimal": "700", "flat_amount_decimal": None},
    ]
    assert price("graduated").tiers == [
        {"up_to": 1000, "unit_amount_decimal": "0", "flat_amount_decimal": "2900"},
        {"up_to": 5000, "unit_amount_decimal": "1.5", "flat_amount_decimal": None},
        {"up_to": None, "unit_amount_decimal": "0.9", "flat_amount_decimal": None},
    ]
    assert (price("metered").usage_type, price("metered").stripe_meter_id) == ("metered", made["meter"])
    assert price("metered").unit_amount_decimal == Decimal("0.2")


def test_tiers_in_every_currency_are_fetched_and_listed_to_the_last_decimal(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway
) -> None:
    api = sandbox.client(account.test_key).v1
    price_id = api.prices.create(
        params={
            "currency": "eur",
            "product_data": {"name": "Chatbot"},
            "recurring": {"interval": "month"},
            "billing_scheme": "tiered",
            "tiers_mode": "graduated",
            "tiers": [{"up_to": "inf", "unit_amount_decimal": Decimal("0.100000000001")}],
            "currency_options": {
                "usd": {"tiers": [{"up_to": "inf", "unit_amount_decimal": Decimal("0.123456789012")}]}
            },
        }
    ).id
    copy = gateway.objects.fetch("price", price_id).copy

    assert isinstance(copy, PriceCopy)
    tier = {"up_to": None, "flat_amount_decimal": None}
    eur, usd = tier | {"unit_amount_decimal": "0.100000000001"}, tier | {"unit_amount_decimal": "0.123456789012"}
    assert copy.tiers == [eur]
    assert {name: option["tiers"] for name, option in copy.currency_options.items() if isinstance(option, dict)} == {
        "eur": [eur],
        "usd": [usd],
    }
    assert gateway.objects.page("active prices", None).copies == (copy,)


def test_what_is_gone_is_fetched_as_nothing(sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway) -> None:
    api = sandbox.client(account.test_key).v1
    customer = api.customers.create(params={"name": "Amber"}).id
    api.customers.delete(customer)

    assert gateway.objects.fetch("customer", customer).copy is None
    assert gateway.objects.fetch("customer", "cus_never_seen").copy is None
    assert gateway.objects.fetch("product", "prod_never_seen").copy is None


def test_a_reading_covers_the_moment_at_which_stripe_read(gateway: StripeGateway) -> None:
    before = datetime.now(UTC)
    reading = gateway.objects.fetch("customer", "cus_never_seen").reading
    after = datetime.now(UTC)

    assert reading.certain_since <= before
    assert reading.as_of >= after.replace(microsecond=0)
    assert reading.as_of - reading.certain_since < timedelta(seconds=10)


def test_a_subscription_with_many_items_is_fetched_whole(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway
) -> None:
    api = sandbox.client(account.test_key).v1
    product = api.products.create(params={"name": "Chatbot"}).id
    recurring: dict[str, str] = {"interval": "month"}
    prices = [
        api.prices.create(
            params={"currency": "eur", "unit_amount": 100, "product": product, "recurring": recurring}  # type: ignore[typeddict-item]
        ).id
        for _ in range(14)
    ]
    customer = api.customers.create(
        params={"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    ).id
    made = api.subscriptions.create(params={"customer": customer, "items": [{"price": price} for price in prices]})
    fetched = gateway.objects.fetch("subscription", made.id).copy

    assert isinstance(fetched, SubscriptionCopy)
    assert {item.stripe_price_id for item in fetched.items} == set(prices)
    assert gateway.objects.page("subscriptions", None).copies == (fetched,)


def test_a_walk_reads_every_page_once(sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway) -> None:
    api = sandbox.client(account.test_key).v1
    made = [api.customers.create(params={"name": f"Client {number}"}).id for number in range(101)]
    first = gateway.objects.page("customers", None)
    second = gateway.objects.page("customers", first.last_id)
    seen = [copy.stripe_customer_id for copy in first.copies + second.copies if isinstance(copy, CustomerCopy)]

    assert (len(first.copies), first.has_more, len(second.copies), second.has_more) == (100, True, 1, False)
    assert seen == list(reversed(made))
    with pytest.raises(NotThere):
        gateway.objects.page("customers", "cus_never_seen")


def test_the_walks_see_archived_and_canceled_things(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway
) -> None:
    made = sandbox.control("samples", account=account.id, mode="test", name="subscription")
    catalog = sandbox.control("samples", account=account.id, mode="test", name="catalog")
    api = sandbox.client(account.test_key).v1
    api.subscriptions.cancel(made["subscription"])
    api.prices.update(made["price"], params={"active": False})
    api.products.update(made["product"], params={"active": False})
    api.billing.meters.deactivate(catalog["meter"])

    found = {walk: len(gateway.objects.page(walk, None).copies) for walk in WALKS}
    assert found == {
        "active products": 1,
        "archived products": 1,
        "meters": 1,
        "active prices": 6,
        "archived prices": 1,
        "customers": 1,
        "subscriptions": 1,
        "invoices": 1,
        "invoice payments": 1,
        "subscription schedules": 0,
        "refunds": 0,
        "disputes": 0,
    }


def test_the_walks_see_what_became_of_payments_and_what_is_planned(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway
) -> None:
    made = sandbox.control("samples", account=account.id, mode="test", name="subscription")
    api = sandbox.client(account.test_key).v1
    (invoice,) = api.invoices.list().data
    (payment,) = api.invoice_payments.list(params={"invoice": str(invoice.id)}).data
    api.refunds.create(params={"payment_intent": str(payment.payment.payment_intent), "amount": 100})
    sandbox.control("disputes", account=account.id, mode="test", invoice=invoice.id, status="needs_response")
    api.subscription_schedules.create(params={"from_subscription": made["subscription"]})

    (schedule,) = gateway.objects.page("subscription schedules", None).copies
    (refund,) = gateway.objects.page("refunds", None).copies
    (dispute,) = gateway.objects.page("disputes", None).copies

    assert isinstance(schedule, SubscriptionScheduleCopy)
    assert schedule.stripe_subscription_id == made["subscription"]
    assert isinstance(refund, RefundCopy)
    assert (refund.amount_minor, refund.status) == (100, "succeeded")
    assert isinstance(dispute, DisputeCopy)
    assert dispute.status == "needs_response"
    assert dispute.answer_due_at is not None
    assert {dispute.stripe_payment_intent_id, refund.stripe_payment_intent_id} == {payment.payment.payment_intent}


def test_events_are_listed_newest_first_since_a_moment(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway
) -> None:
    sandbox.control("samples", account=account.id, mode="test", name="subscription")
    moment = datetime.now(UTC)
    page = gateway.objects.events(moment - timedelta(minutes=1), None)
    ids = [event.stripe_event_id for event in page.events]

    assert {"customer.created", "customer.subscription.created", "invoice.paid"} <= {one.type for one in page.events}
    assert [one.created_at for one in page.events] == sorted((one.created_at for one in page.events), reverse=True)
    assert (page.has_more, page.last_id) == (False, ids[-1])
    older = gateway.objects.events(moment - timedelta(minutes=1), ids[0])
    assert [one.stripe_event_id for one in older.events] == ids[1:]
    assert gateway.objects.events(moment + timedelta(minutes=1), None).events == ()


def test_without_a_date_in_the_answer_our_own_clock_is_trusted_within_minutes() -> None:
    reading = request_calls.reading(None, 0.2)
    moment = datetime.now(UTC)
    assert reading.certain_since < moment - timedelta(minutes=4)
    assert reading.as_of > moment + timedelta(minutes=4)


def test_calls_are_held_below_a_rate(sandbox: Sandbox, account: SandboxAccount) -> None:
    paced = gateway_opener(sandbox.url, calls_per_second=20)(account.test_key)
    started = time.monotonic()
    for _ in range(5):
        paced.webhook_endpoints()
    assert time.monotonic() - started >= 4 / 20
