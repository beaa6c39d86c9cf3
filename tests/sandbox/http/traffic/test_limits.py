"""The limiters: calls in some seconds, and one call in flight per customer and meter."""

import threading
from collections.abc import Callable

import pytest
import stripe

from tests.sandbox.billing.metering.build import new_meter, report
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.fixture
def live(sandbox: Sandbox, account: SandboxAccount) -> stripe.StripeClient:
    return sandbox.client(account.live_key)


def reason(call: Callable[[], object]) -> str | None:
    """Why a call is refused with a 429."""
    with pytest.raises(stripe.RateLimitError) as refused:
        call()
    assert refused.value.headers is not None
    told = refused.value.headers.get("stripe-rate-limited-reason")
    return None if told is None else str(told)


def test_a_second_call_in_flight_for_a_customer_and_meter_is_refused(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    new_meter(client)
    one, other = (client.v1.customers.create(params={}).id for _ in range(2))
    sandbox.control("faults", kind="latency", seconds=30, path_prefix="/v1/billing/meter_events", count=1)
    slow = threading.Thread(target=report, args=(sandbox.client(account.test_key), one, 1), kwargs={"key": "slow"})
    slow.start()
    while not sandbox.server.application.limits.in_flight:
        slow.join(0.005)
    assert reason(lambda: report(client, one, 2, key="quick")) == "resource-specific"
    report(client, other, 3)
    client.v1.customers.create(params={})
    sandbox.server.stopping.set()  # ends the latency
    slow.join()
    report(client, one, 2, key="quick")


def test_a_call_too_many_is_refused_and_leaves_its_key_free(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    sandbox.control("rate_limits", account=account.id, test=3, seconds=600)
    for _ in range(3):
        client.v1.products.list()
    limited = reason(lambda: client.v1.products.create(params={"name": "x"}, options={"idempotency_key": "key-1"}))
    assert limited == "global-rate"
    sandbox.control("rate_limits", account=account.id, test=0)
    client.v1.products.create(params={"name": "x"}, options={"idempotency_key": "key-1"})


def test_in_test_mode_meter_events_count_with_everything(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    new_meter(client)
    sandbox.control("rate_limits", account=account.id, test=2, live_meter_events=1, seconds=600)
    client.v1.products.list()
    report(client, "cus_x", 1)
    assert reason(lambda: report(client, "cus_x", 1)) == "global-rate"


def test_live_meter_events_have_a_limit_of_their_own(
    sandbox: Sandbox, account: SandboxAccount, live: stripe.StripeClient
) -> None:
    new_meter(live)
    sandbox.control("rate_limits", account=account.id, live=1, live_meter_events=2, seconds=600)
    live.v1.products.list()
    for _ in range(2):
        report(live, "cus_x", 1)
    assert reason(lambda: report(live, "cus_x", 1)) == "endpoint-rate"
    assert reason(live.v1.products.list) == "global-rate"


@pytest.mark.parametrize("right", ["billing_meter_events", "billing_meter_event_adjustments", "billing_meters"])
def test_a_restricted_key_needs_each_right_of_metering(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, right: str
) -> None:
    meter, customer = new_meter(client).id, client.v1.customers.create(params={}).id
    report(client, customer, 1, identifier="i-1")
    calls: dict[str, Callable[[stripe.StripeClient], object]] = {
        "billing_meter_events": lambda with_key: report(with_key, customer, 1),
        "billing_meter_event_adjustments": lambda with_key: with_key.v1.billing.meter_event_adjustments.create(
            params={"event_name": "messages", "type": "cancel", "cancel": {"identifier": "i-1"}}
        ),
        "billing_meters": lambda with_key: with_key.v1.billing.meters.event_summaries.list(
            meter, params={"customer": customer, "start_time": 0, "end_time": 60}
        ),
    }
    given = [f"{name}:write" for name in calls if name != right]
    made = sandbox.control("keys", account=account.id, mode="test", kind="restricted", rights=given)
    restricted = sandbox.client(made["key"])
    for name, call in calls.items():
        if name == right:
            with pytest.raises(stripe.PermissionError, match="required permissions"):
                call(restricted)
        else:
            call(restricted)
