"""Changes by chance: what is shown is what is billed, to the last minor unit, at once or when it is paid."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.sandbox.build import change, first_item, latest_invoice, paying_customer, preview, subscribe, told
from tests.support.stripe.sandbox import Sandbox

AMOUNTS = st.one_of(st.integers(0, 200_000).map(str), st.decimals("0", "500", places=5).map(str))
INTERVALS = st.sampled_from([{"interval": "month"}, {"interval": "year"}, {"interval": "week", "interval_count": 2}])
PER_UNIT = AMOUNTS.map(lambda amount: {"unit_amount_decimal": amount})
PACKAGES = st.builds(
    lambda amount, size, rounding: {
        "unit_amount_decimal": amount,
        "transform_quantity": {"divide_by": size, "round": rounding},
    },
    AMOUNTS,
    st.integers(2, 20),
    st.sampled_from(["up", "down"]),
)
TIERS = st.builds(
    lambda mode, top, first, second, flat: {
        "billing_scheme": "tiered",
        "tiers_mode": mode,
        "tiers": [
            {"up_to": top, "unit_amount_decimal": first, "flat_amount_decimal": str(flat)},
            {"up_to": "inf", "unit_amount_decimal": second},
        ],
    },
    st.sampled_from(["volume", "graduated"]),
    st.integers(1, 30),
    AMOUNTS,
    AMOUNTS,
    st.integers(0, 5000),
)
TERMS = st.one_of(PER_UNIT, PACKAGES, TIERS)
ITEMS = st.tuples(TERMS, INTERVALS, st.integers(0, 60))


@pytest.fixture(scope="module")
def shared() -> Iterator[stripe.StripeClient]:
    """One sandbox for many examples."""
    with Sandbox.start() as running:
        yield running.client(running.account().test_key)


def priced(client: stripe.StripeClient, currency: str, terms: Any, recurring: Any) -> str:
    """A price of these terms."""
    product = client.v1.products.create(params={"name": "Plan"}).id
    params: Any = {"currency": currency, "product": product, "recurring": recurring, **terms}
    return client.v1.prices.create(params=params).id


@settings(max_examples=40, deadline=None)
@given(
    currency=st.sampled_from(["usd", "jpy", "kwd"]),
    before=ITEMS,
    after=ITEMS,
    extra=st.none() | ITEMS,
    share=st.integers(0, 1000),
    behavior=st.sampled_from(["always_invoice", "create_prorations", "none"]),
    anchor=st.sampled_from(["unchanged", "now"]),
)
@example("usd", ({"unit_amount_decimal": "999"}, {"interval": "month"}, 1), ({"unit_amount_decimal": "0"},
         {"interval": "month"}, 3), None, 500, "always_invoice", "unchanged")  # fmt: skip
def test_a_change_costs_what_its_preview_says(
    shared: stripe.StripeClient,
    currency: str,
    before: Any,
    after: Any,
    extra: Any,
    share: int,
    behavior: str,
    anchor: str,
) -> None:
    price = priced(shared, currency, *before[:2])
    subscription = subscribe(shared, paying_customer(shared).id, price, items=[{"price": price, "quantity": before[2]}])
    item = first_item(subscription)
    length = item.current_period_end - item.current_period_start
    items = [{"id": item.id, "price": priced(shared, currency, *after[:2]), "quantity": after[2]}]
    if extra is not None:
        items.append({"price": priced(shared, currency, *extra[:2]), "quantity": extra[2]})
    details: Any = {
        "items": items,
        "proration_behavior": behavior,
        "billing_cycle_anchor": {"type": anchor},
    }
    if behavior != "none":
        details["proration_date"] = item.current_period_start + length * share // 1000
    shown = told(preview(shared, subscription=subscription.id, subscription_details=details))
    changed = change(shared, subscription, **details)
    if changed.latest_invoice == subscription.latest_invoice:
        assert shown == told(preview(shared, subscription=subscription.id))
    else:
        assert shown == told(latest_invoice(shared, changed))


@settings(max_examples=20, deadline=None)
@given(
    before=ITEMS,
    after=ITEMS,
    extra=st.none() | ITEMS,
    share=st.integers(0, 1000),
    anchor=st.sampled_from(["unchanged", "now"]),
)
def test_a_change_that_waited_for_its_payment_is_the_same_change(
    shared: stripe.StripeClient, before: Any, after: Any, extra: Any, share: int, anchor: str
) -> None:
    prices = [priced(shared, "usd", *terms[:2]) for terms in (before, after, *([extra] if extra else []))]
    outcomes = []
    for card in ("pm_card_visa", "pm_card_chargeCustomerFail"):
        items: Any = [{"price": prices[0], "quantity": before[2]}]
        subscription = subscribe(shared, paying_customer(shared).id, prices[0], items=items)
        change(shared, subscription, default_payment_method=card)
        item = first_item(subscription)
        length = item.current_period_end - item.current_period_start
        coming = [{"id": item.id, "price": prices[1], "quantity": after[2]}]
        coming += [{"price": prices[2], "quantity": extra[2]}] if extra else []
        changed = change(
            shared,
            subscription,
            items=coming,
            proration_behavior="always_invoice",
            proration_date=item.current_period_start + length * share // 1000,
            payment_behavior="pending_if_incomplete",
            billing_cycle_anchor={"type": anchor},
        )
        if changed.pending_update is not None:
            assert [one.price.id for one in changed["items"].data] == prices[:1]
            params: Any = {"payment_method": "pm_card_visa"}
            shared.v1.invoices.pay(str(changed.latest_invoice), params=params)
            changed = shared.v1.subscriptions.retrieve(subscription.id)
        got = [(one.price.id, one.quantity) for one in changed["items"].data]
        outcomes.append((got, changed.status, changed.pending_update, told(latest_invoice(shared, changed))))
    assert outcomes[0] == outcomes[1]
