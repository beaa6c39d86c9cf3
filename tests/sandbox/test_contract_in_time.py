"""What happens by itself on test clocks carries what the official SDK's resource classes require."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from tests.sandbox.build import change, first_item, metered_price, monthly_price, subscribe
from tests.sandbox.clocks import DAY, START, advance, customer_on, months_after, new_card, new_clock
from tests.sandbox.contract import violations
from tests.sandbox.test_contract import fetch
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.fixture
def year(sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient) -> str:
    """A clock on which a bit of everything has happened by itself; its id."""
    sandbox.control("clocks", customers_per_clock=10)
    clock = new_clock(client)
    plain, used = monthly_price(client).id, metered_price(client).id
    subscribe(client, customer_on(client, clock).id, plain, items=[{"price": plain}, {"price": used}])
    for card in ("pm_card_chargeCustomerFail", "pm_card_authenticationRequired", "pm_sepa_debit"):
        customer = customer_on(client, clock).id
        bound = client.v1.subscription_schedules.create(
            params={"from_subscription": subscribe(client, customer, plain).id}
        )
        long: Any = [{"start_date": START, "end_date": months_after(START, 9), "items": [{"price": plain}]}]
        client.v1.subscription_schedules.update(bound.id, params={"phases": long})
        new_card(client, customer, card)
    for missing in ("cancel", "create_invoice", "pause"):
        settings: Any = {"end_behavior": {"missing_payment_method": missing}}
        poor = customer_on(client, clock, None).id
        subscribe(client, poor, plain, trial_period_days=10, trial_settings=settings)
    planned = subscribe(client, customer_on(client, clock).id, plain)
    schedule = client.v1.subscription_schedules.create(params={"from_subscription": planned.id})
    phases: Any = [
        {"start_date": START, "end_date": months_after(START, 1), "items": [{"price": plain}]},
        {"items": [{"price": monthly_price(client, 500).id}], "duration": {"interval": "month"}},
    ]
    client.v1.subscription_schedules.update(schedule.id, params={"phases": phases, "end_behavior": "cancel"})
    asked = subscribe(client, customer_on(client, clock).id, plain)
    client.v1.subscription_schedules.create(params={"from_subscription": asked.id})
    advance(client, clock, START + 10 * DAY)
    change(client, asked, items=[{"id": first_item(asked).id, "quantity": 4}])
    advance(client, clock, months_after(START, 3))
    return clock


def events_of(sandbox: Sandbox, key: str) -> Iterator[dict[str, Any]]:
    """All events, newest first."""
    cursor = ""
    while True:
        page = fetch(sandbox, key, f"events?limit=100{cursor}")
        yield from page["data"]
        if not page["has_more"]:
            return
        cursor = f"&starting_after={page['data'][-1]['id']}"


def listed(sandbox: Sandbox, key: str, clock: str) -> list[dict[str, Any]]:
    """Every object that lives by the clock, and the clock."""
    customers = fetch(sandbox, key, f"customers?limit=100&test_clock={clock}")["data"]
    paths = [f"subscriptions?status=all&limit=100&test_clock={clock}", "test_helpers/test_clocks"]
    for customer in customers:
        paths += [f"{kind}?limit=100&customer={customer['id']}" for kind in ("invoices", "subscription_schedules")]
    return [*customers, *(one for path in paths for one in fetch(sandbox, key, path)["data"])]


def test_every_object_on_a_clock_carries_what_the_sdk_requires(
    sandbox: Sandbox, account: SandboxAccount, year: str
) -> None:
    objects = listed(sandbox, account.test_key, year)
    assert [found for one in objects for found in violations(one)] == []
    kinds = {"customer", "subscription", "subscription_schedule", "invoice", "test_helpers.test_clock"}
    assert {one["object"] for one in objects} == kinds


def test_so_do_their_events(sandbox: Sandbox, account: SandboxAccount, year: str) -> None:
    events = list(events_of(sandbox, account.test_key))
    found = {fault for event in events for fault in violations(event["data"]["object"], event["type"])}
    assert found == set()
    assert {
        "customer.subscription.deleted",
        "customer.subscription.paused",
        "customer.subscription.trial_will_end",
        "customer.subscription.updated",
        "invoice.payment_action_required",
        "invoice.payment_failed",
        "invoice.upcoming",
        "subscription_schedule.aborted",
        "subscription_schedule.completed",
        "subscription_schedule.created",
        "subscription_schedule.expiring",
        "subscription_schedule.released",
        "subscription_schedule.updated",
        "test_helpers.test_clock.advancing",
        "test_helpers.test_clock.ready",
    } <= {event["type"] for event in events}


def test_the_last_event_of_each_holds_it_as_it_is_now(sandbox: Sandbox, account: SandboxAccount, year: str) -> None:
    last: dict[str, dict[str, Any]] = {}
    for event in events_of(sandbox, account.test_key):
        shown = event["data"]["object"]
        last.setdefault(shown["id"], shown)
    for one in listed(sandbox, account.test_key, year):
        assert last[one["id"]] == one


def test_events_of_updates_say_what_was_there_before(sandbox: Sandbox, account: SandboxAccount, year: str) -> None:
    told = list(events_of(sandbox, account.test_key))[::-1]
    seen: dict[str, dict[str, Any]] = {}
    for event in told:
        shown = event["data"]["object"]
        before = event["data"].get("previous_attributes")
        if before is not None and shown["object"] in ("invoice", "subscription_schedule"):
            known = seen[shown["id"]]
            assert {name: known[name] for name in before if not isinstance(known[name], dict)} == {
                name: value for name, value in before.items() if not isinstance(known[name], dict)
            }
        seen[shown["id"]] = shown
