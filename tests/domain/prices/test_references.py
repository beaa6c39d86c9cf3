"""What a text in a price field refers to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingportal.domain.prices.references import Reference, read_reference
from billingportal.errors import Refusal


@pytest.mark.parametrize(
    ("typed", "reference"),
    [
        ("price_1Qx8h2KLmN4f2aGm", Reference(stripe_price_id="price_1Qx8h2KLmN4f2aGm")),
        ("  price_1Qx8h2KLmN4f2aGm\n", Reference(stripe_price_id="price_1Qx8h2KLmN4f2aGm")),
        ("https://dashboard.stripe.com/test/prices/price_1Qx8?a=b", Reference(stripe_price_id="price_1Qx8")),
        ("dashboard.stripe.com/acct_1/prices/price_1Qx8", Reference(stripe_price_id="price_1Qx8")),
        ("growth_monthly", Reference(lookup_key="growth_monthly")),
        ("Growth, monthly", Reference(lookup_key="Growth, monthly")),
        ("price_", Reference(lookup_key="price_")),
        ("sub_x", Reference(lookup_key="sub_x")),
        ("plan_monthly_2", Reference(lookup_key="plan_monthly_2")),
        ("prod_subscription", Reference(lookup_key="prod_subscription")),
    ],
)
def test_ids_addresses_and_lookup_keys(typed: str, reference: Reference) -> None:
    assert read_reference(typed) == reference


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Paste a Price ID, which starts with price_, or a lookup key."),
        ("prod_QxT8h2KLmN4f", "This is a product ID."),
        ("plan_QxT8h2KLmN4fQ", "This is the ID of an old Stripe plan."),
        ("mtr_test_61QxT8h2KL", "This is a meter ID."),
        ("cus_QxT8h2KLmN4f", "This is a customer ID."),
        ("sub_1QxT8h2KLmN4f", "This is a subscription ID."),
        ("rk_live_51QxT8h2KL", "This is a restricted key."),
        ("https://dashboard.stripe.com/test/products/prod_QxT8h2KL", "This address leads to a product"),
        ("https://dashboard.stripe.com/test/subscriptions", "This is a web address without a Price ID in it."),
        ("two\nlines", "This is too long for a lookup key."),
    ],
)
def test_what_people_paste_by_mistake(typed: str, words: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_reference(typed)
    assert caught.value.field == "price"
    assert words in caught.value.message


@given(st.text(max_size=300))
def test_any_text_is_either_a_reference_or_refused(typed: str) -> None:
    try:
        found = read_reference(typed)
    except Refusal:
        return
    assert (found.stripe_price_id is None) != (found.lookup_key is None)
