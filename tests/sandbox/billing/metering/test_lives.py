"""Lives of a metered subscription by chance: each unit is billed once, at the price at which it was reported."""

from collections import Counter
from typing import Any

import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.billing.metering.build import DAY, report
from tests.sandbox.build import change, first_item, metered_price, monthly_price, subscribe
from tests.sandbox.clocks import HOUR, advance, customer_on, frozen, invoices_of, new_clock
from tests.support.stripe.sandbox import Sandbox

Step = tuple[str, int, int]
REPORT = st.tuples(st.just("report"), st.integers(1, 5), st.integers(0, 3 * DAY))
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 20), st.just(0))
CHANGE = st.tuples(st.just("change"), st.integers(0, 1), st.just(0))
WAIT = st.tuples(st.just("wait"), st.integers(1, 300), st.just(0))
LATE = st.tuples(st.just("late"), st.integers(1, 5), st.integers(0, 1))
STEPS = st.lists(st.one_of(REPORT, REPORT, CANCEL, CHANGE, WAIT, LATE), max_size=15)


class Life:
    """A subscription on a test clock, and what each price should have billed."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self.client = client
        self.clock = new_clock(client)
        self.customer = customer_on(client, self.clock).id
        self.price = metered_price(client, 20)
        self.subscription = subscribe(client, self.customer, self.price.id)
        self.expected: Counter[str] = Counter()
        self.open: dict[str, tuple[str, int]] = {}
        self.reported = 0

    def period_start(self) -> int:
        fresh = self.client.v1.subscriptions.retrieve(self.subscription.id)
        return int(first_item(fresh).current_period_start)

    def report(self, value: int, back: int) -> None:
        """Report usage of the running period, at most so many seconds ago."""
        at = max(frozen(self.client, self.clock) - back, self.period_start())
        identifier = f"i-{self.reported}"
        self.reported += 1
        report(self.client, self.customer, value, at, identifier=identifier)
        self.expected[self.price.id] += value
        self.open[identifier] = (self.price.id, value)

    def cancel(self, position: int, _: int) -> None:
        """Cancel an event that nothing has billed yet."""
        if position < len(self.open):
            identifier = list(self.open)[position]
            price, value = self.open.pop(identifier)
            params: Any = {"event_name": "messages", "type": "cancel", "cancel": {"identifier": identifier}}
            self.client.v1.billing.meter_event_adjustments.create(params=params)
            self.expected[price] -= value

    def change(self, at_once: int, _: int) -> None:
        """Switch to another price of the meter: what was reported so far is billed, now or with the renewal."""
        assert self.price.recurring is not None
        recurring = {"interval": "month", "usage_type": "metered", "meter": self.price.recurring.meter}
        self.price = monthly_price(self.client, 30, recurring=recurring)
        items = [{"id": first_item(self.subscription).id, "price": self.price.id}]
        behavior = "always_invoice" if at_once else "create_prorations"
        change(self.client, self.subscription, items=items, proration_behavior=behavior)
        self.open = {}

    def wait(self, hours: int, _: int) -> None:
        """Let time pass; events are canceled within the day and the period only."""
        advance(self.client, self.clock, frozen(self.client, self.clock) + hours * HOUR)
        self.open = {}

    def late(self, value: int, changes: int) -> None:
        """Report usage of the last second of a period while its invoice is a draft; a change of price comes between."""
        fresh = self.client.v1.subscriptions.retrieve(self.subscription.id)
        end, price = int(first_item(fresh).current_period_end), self.price.id
        advance(self.client, self.clock, end)
        if changes:
            self.change(0, 0)
        report(self.client, self.customer, value, end - 1)
        self.expected[price] += value
        self.open = {}

    def billed(self) -> Counter[str]:
        """The units that all final invoices bill of each price."""
        found: Counter[str] = Counter()
        for invoice in invoices_of(self.client, self.subscription.id):
            assert invoice.status == "paid"
            for line in invoice.lines.auto_paging_iter():
                assert line.pricing is not None
                assert line.pricing.price_details is not None
                found[str(line.pricing.price_details.price)] += line.quantity or 0
        return found


@settings(max_examples=20, deadline=None)
@given(
    delay=st.sampled_from([0, 600]), steps=st.lists(st.one_of(REPORT, REPORT, CANCEL, CHANGE, WAIT, LATE), max_size=15)
)
def test_each_unit_is_billed_once_at_the_price_of_its_report(delay: int, steps: list[Step]) -> None:
    with Sandbox.start() as sandbox:
        sandbox.control("metering", account=sandbox.account().id, processing_seconds=delay)
        life = Life(sandbox.client(sandbox.account().test_key))
        for name, first, second in steps:
            getattr(life, name)(first, second)
        change(life.client, life.subscription, cancel_at_period_end=True)
        advance(life.client, life.clock, frozen(life.client, life.clock) + 32 * DAY)
        assert +life.billed() == +life.expected
