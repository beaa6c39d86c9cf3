"""What of a subscription is known to be paid for."""

import pytest

from billingportal.domain.entitlements.paid_state import Items, PaidState, Shown, covers, from_json, prove

SMALL: Items = {"price_small": 1}
LARGE: Items = {"price_large": 1}


def shown(status: str, items: Items = SMALL, *, paid: bool = False, by_bill: bool = False) -> Shown:
    return Shown("sub_1", status, items, is_paid_by_bill=by_bill, owes_nothing=paid)


def proof(items: Items = SMALL, by: str = "payment", subscription: str = "sub_1") -> PaidState:
    return PaidState(subscription, "trial" if by == "trial" else "payment", items)


@pytest.mark.parametrize("status", ["incomplete", "active", "past_due", "unpaid", "paused", "canceled"])
def test_nothing_is_proven_before_it_is_paid(status: str) -> None:
    assert prove(shown(status), None, None) is None


def test_active_and_paid_is_proof_of_what_is_shown() -> None:
    assert prove(shown("active", LARGE, paid=True), proof(SMALL), None) == proof(LARGE)


def test_a_trial_needs_no_payment() -> None:
    assert prove(shown("trialing"), None, None) == proof(SMALL, "trial")


@pytest.mark.parametrize("status", ["past_due", "unpaid", "paused"])
def test_a_trial_proves_nothing_once_its_first_payment_failed(status: str) -> None:
    assert prove(shown(status), proof(SMALL, "trial"), None) is None


def test_a_trial_holds_until_its_first_invoice_is_collected() -> None:
    assert prove(shown("active"), proof(SMALL, "trial"), None) == proof(SMALL, "trial")


@pytest.mark.parametrize("status", ["active", "past_due", "unpaid", "paused"])
def test_what_was_paid_before_stays_while_a_change_is_not_paid(status: str) -> None:
    assert prove(shown(status, LARGE), proof(SMALL), SMALL) == proof(SMALL)


def test_the_proof_of_another_subscription_counts_for_nothing() -> None:
    assert prove(shown("past_due"), proof(SMALL, subscription="sub_2"), None) is None


def test_paid_invoices_prove_where_nothing_is_remembered() -> None:
    assert prove(shown("past_due", {"price_small": 2, "price_use": None}), None, {"price_small": 2}) is not None
    assert prove(shown("incomplete", LARGE), None, SMALL) is None


@pytest.mark.parametrize("unpaid", [LARGE, {"price_small": 3}])
def test_what_was_paid_last_holds_where_the_unpaid_change_is_all_that_is_known(unpaid: Items) -> None:
    assert prove(shown("past_due", unpaid), None, SMALL) == proof(SMALL)


def test_use_alone_is_no_proof() -> None:
    assert not covers({"price_use": 5}, {"price_use": None})


def test_who_pays_by_bill_has_terms_with_the_partner() -> None:
    assert prove(shown("active", by_bill=True), None, None) == proof(SMALL)
    assert prove(shown("past_due", by_bill=True), None, None) is None


def test_a_proof_is_remembered_as_it_is() -> None:
    kept = PaidState("sub_1", "trial", {"price_small": 3, "price_use": None})
    assert from_json(kept.to_json()) == kept
    assert from_json({}) is None
