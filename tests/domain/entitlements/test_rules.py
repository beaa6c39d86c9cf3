"""What a client is entitled to, from every kind of fact."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billingportal.domain.dunning.ladder import DEFAULT
from billingportal.domain.entitlements.facts import (
    ClientFacts,
    Composition,
    Gift,
    Override,
    PlanFacts,
    Quota,
    SubscriptionFacts,
)
from billingportal.domain.entitlements.rules import entitled
from billingportal.models.entitlements.entitlement import Access, LadderStep, Standing

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CONTACTS, SEATS = 1, 2
FREE = PlanFacts(1, "Free", 0, {CONTACTS: Quota(100, "block")})
GROWTH = PlanFacts(2, "Growth", 1, {CONTACTS: Quota(5000, "bill"), SEATS: Quota(3, "block")})
SCALE = PlanFacts(3, "Scale", 2, {CONTACTS: Quota(None, "warn")})
PAID = Composition(GROWTH, {"price_growth": 1})
NOBODY = ClientFacts(
    suspended_since=None,
    suspension_reason="",
    gift=None,
    overrides=(),
    subscription=None,
    had_subscription=False,
    is_buying=False,
    base=FREE,
    is_default=True,
    ladder=DEFAULT,
)


def paying(status: str = "active", **given: object) -> ClientFacts:
    facts = SubscriptionFacts("sub_1", status, PAID, PAID, NOW + 20 * DAY, None, None, None)
    return replace(NOBODY, subscription=replace(facts, **given), had_subscription=True)  # type: ignore[arg-type]


def test_who_pays_nothing_has_the_default_plan() -> None:
    found = entitled(NOBODY, NOW)

    assert (found.plan, found.source, found.standing, found.access) == (FREE, "base", "free", "full")
    assert found.reasons == ("Without a paid subscription, the default plan Free holds.",)


def test_without_any_plan_nothing_may_be_made() -> None:
    found = entitled(replace(NOBODY, base=None), NOW)
    assert (found.plan, found.source, found.access, found.quotas) == (None, "none", "limited", {})


def test_who_pays_has_the_plan_of_the_price() -> None:
    found = entitled(paying(), NOW)

    assert (found.plan, found.source, found.standing) == (GROWTH, "subscription", "active")
    assert found.quotas == dict(GROWTH.quotas)
    assert found.renews_at == NOW + 20 * DAY
    assert found.reasons == ("The subscription is paid for and means the plan Growth.",)


def test_the_quantity_bought_is_the_quota() -> None:
    bought = Composition(GROWTH, {"price_growth": 1, "price_seats": 12}, {SEATS: 12})
    found = entitled(paying(shown=bought, proven=bought), NOW)
    assert found.quotas[SEATS] == Quota(12, "block", "bought")


STATUSES: list[tuple[str, Standing, str, Access]] = [
    ("incomplete", "waiting", "base", "full"),
    ("incomplete_expired", "ended", "base", "full"),
    ("trialing", "trialing", "subscription", "full"),
    ("active", "active", "subscription", "full"),
    ("past_due", "past_due", "subscription", "full"),
    ("unpaid", "unpaid", "subscription", "full"),
    ("canceled", "ended", "base", "full"),
    ("paused", "paused", "subscription", "limited"),
]


@pytest.mark.parametrize(("status", "standing", "source", "access"), STATUSES)
def test_every_status_has_its_meaning(status: str, standing: Standing, source: str, access: Access) -> None:
    found = entitled(paying(status), NOW)
    assert (found.standing, found.source, found.access) == (standing, source, access)


@pytest.mark.parametrize("status", ["active", "past_due", "unpaid", "paused"])
def test_nothing_is_granted_before_it_is_paid(status: str) -> None:
    found = entitled(paying(status, proven=None), NOW)
    assert (found.plan, found.source) == (FREE, "base")


def test_a_paid_price_that_no_plan_has_is_told() -> None:
    unknown = Composition(None, {"price_x": 1})
    found = entitled(paying(shown=unknown, proven=unknown), NOW)

    assert found.source == "base"
    assert "no plan has its price price_x" in found.reasons[0]


@pytest.mark.parametrize(
    ("days", "step", "access"),
    [(0, "grace", "full"), (4, "warned", "full"), (8, "limited", "limited"), (20, "suspended", "suspended")],
)
def test_the_ladder_takes_access_step_by_step_and_keeps_the_plan(days: int, step: LadderStep, access: Access) -> None:
    found = entitled(paying("past_due", failing_since=NOW - days * DAY), NOW)

    assert (found.plan, found.rung.step, found.access) == (GROWTH, step, access)
    assert found.changes_at == found.rung.ends_at


def test_a_planned_end_is_told_with_its_day() -> None:
    found = entitled(paying(ends_at=NOW + 3 * DAY), NOW)

    assert (found.standing, found.until, found.renews_at) == ("canceling", NOW + 3 * DAY, None)
    assert "and ends on 25 November 2026" in found.reasons[0]


def test_a_plan_given_by_hand_holds_whatever_the_subscription_does() -> None:
    gift = Gift(SCALE, "Friend of the house", NOW + 5 * DAY)
    given = replace(paying("past_due", failing_since=NOW - 30 * DAY), gift=gift)

    found = entitled(given, NOW)
    assert (found.plan, found.source, found.access, found.until) == (SCALE, "comp", "full", NOW + 5 * DAY)
    assert found.changes_at == NOW + 5 * DAY

    after = entitled(given, NOW + 5 * DAY)
    assert (after.plan, after.source, after.access) == (GROWTH, "subscription", "suspended")


def test_a_quota_given_by_hand_replaces_that_quota_until_it_expires() -> None:
    override = Override(CONTACTS, "Contacts", None, "A big launch", NOW + 2 * DAY)
    given = replace(paying(), overrides=(override,))

    found = entitled(given, NOW)
    assert found.quotas[CONTACTS] == Quota(None, "bill", "override")
    assert found.quotas[SEATS] == GROWTH.quotas[SEATS]
    assert found.reasons[-1] == "Contacts: unlimited until 24 November 2026, given by hand: A big launch."
    assert entitled(given, NOW + 2 * DAY).quotas == dict(GROWTH.quotas)


def test_staff_can_suspend_anybody() -> None:
    gift = Gift(SCALE, "Friend", None)
    given = replace(paying(), gift=gift, suspended_since=NOW - DAY, suspension_reason="Spam")

    found = entitled(given, NOW)
    assert (found.standing, found.access, found.plan) == ("suspended", "suspended", SCALE)
    assert found.reasons[0] == "Suspended since 21 November 2026: Spam."


def test_a_checkout_that_is_open_waits() -> None:
    assert entitled(replace(NOBODY, is_buying=True), NOW).standing == "waiting"


def test_a_change_that_waits_for_its_payment_keeps_what_was_paid() -> None:
    wanted = Composition(SCALE, {"price_scale": 1})
    found = entitled(paying("past_due", shown=wanted, failing_since=NOW), NOW)

    assert found.plan == GROWTH
    assert "A change of it to Scale waits for its payment." in found.reasons[0]
