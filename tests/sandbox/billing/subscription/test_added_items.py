"""An item that a change adds within a period costs its share of the period."""

from typing import Any

import stripe

from tests.sandbox.build import monthly_price, subscribe
from tests.sandbox.clocks import DAY, START, advance, customer_on, invoices_of, new_clock

# January has 31 days.
PASSED, LEFT, WHOLE = 10, 21, 31


def test_an_added_item_is_charged_for_the_rest_of_the_period(client: stripe.StripeClient) -> None:
    test_clock = new_clock(client)
    first, second = monthly_price(client), monthly_price(client)
    running = subscribe(client, customer_on(client, test_clock).id, first.id)
    advance(client, test_clock, START + PASSED * DAY)

    added: Any = {"items": [{"price": second.id}], "proration_behavior": "always_invoice"}
    client.v1.subscriptions.update(running.id, params=added)

    (line,) = invoices_of(client, running.id)[-1].lines.data
    assert line.amount == round((second.unit_amount or 0) * LEFT / WHOLE)
