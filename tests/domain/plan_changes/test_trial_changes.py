"""What a change of plan makes of a trial: it ends and is paid, or it keeps at most the days that are left."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes.present_plan import PlanName, PresentPlan
from billingportal.domain.plan_changes.trial_terms import CardNeeded, trial_end
from billingportal.models import Plan, SellingSettings
from billingportal.models.auth.staff import Staff
from tests.sandbox.clocks import DAY, advance, frozen, new_card, new_clock
from tests.support.people.clients import Subscribed
from tests.support.people.plan_changes import MONTHLY, confirm, entitlement_of, look, move
from tests.support.people.stores import Store, open_store
from tests.support.stripe.worlds import World

TRIAL_DAYS = 14


@pytest.fixture
def store(world: World, owner: Staff) -> Store:
    world.connect()
    world.work()
    return open_store(world.app, world.sandbox.client(world.stripe_account.test_key), owner.id)


def seats(number: int) -> Selection:
    return Selection(("month", 1), "usd", {"contacts": number})


def set_plan(plan_id: int, **terms: object) -> None:
    with transaction() as session:
        plan = session.get_one(Plan, plan_id)
        for name, value in terms.items():
            setattr(plan, name, value)


def on_trial(store: Store, days_gone: int = 0, card: str = "pm_card_visa", **more: object) -> tuple[Subscribed, int]:
    """A client in a trial of Growth, and the end of it, in seconds."""
    test_clock = new_clock(store.sdk)
    given: dict[str, object] = {"card": card, "test_clock": test_clock, "trial_period_days": TRIAL_DAYS, **more}
    client = store.subscribe(store.growth, **given)
    ends_at = frozen(store.sdk, test_clock) + TRIAL_DAYS * DAY
    if days_gone:
        advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + days_gone * DAY)
        store.refresh(client, test_clock)
    return client, ends_at


def test_a_plan_without_a_trial_is_paid_now_as_shown(store: Store) -> None:
    client, _ = on_trial(store)

    shown, made = move(client.client_id, store.starter)

    subscription = store.sdk.v1.subscriptions.retrieve(client.subscription)
    paid = store.invoices(client)[0]
    assert (shown.ends_trial, shown.is_on_trial, shown.due_minor) == (True, False, 1900)
    assert (made.state, subscription.status) == ("done", "active")
    assert (paid.amount_paid, paid.amount_due) == (1900, shown.due_minor)
    assert shown.charge is not None
    assert [line.amount.minor for line in shown.charge.lines] == [line.amount for line in paid.lines.data]
    held = entitlement_of(client.client_id)
    assert (held.plan_id, held.standing) == (store.starter, "active")
    assert held.renews_at is not None
    assert shown.renews_at is not None
    assert held.renews_at.date() == shown.renews_at.date()


def test_a_declined_card_keeps_the_trial(store: Store) -> None:
    client, ends_at = on_trial(store, card="pm_card_chargeCustomerFail")

    _, made = move(client.client_id, store.starter)

    subscription = store.sdk.v1.subscriptions.retrieve(client.subscription)
    assert made.state == "declined"
    assert (subscription.status, subscription.trial_end, subscription.pending_update) == ("trialing", ends_at, None)
    assert entitlement_of(client.client_id).plan_id == store.growth


def test_without_a_card_a_plan_without_a_trial_is_refused(store: Store) -> None:
    """At Stripe, ending a trial without a card pauses or cancels the subscription."""
    client, _ = on_trial(store, card="", trial_settings={"end_behavior": {"missing_payment_method": "cancel"}})

    with pytest.raises(CardNeeded, match="Starter has no trial, so it is paid now"):
        look(client.client_id, store.starter)
    assert store.sdk.v1.subscriptions.retrieve(client.subscription).status == "trialing"


@pytest.mark.parametrize(("own_days", "gone", "left"), [(30, 4, 10), (14, 4, 10), (7, 4, 7), (7, 10, 4)])
def test_a_plan_with_a_trial_keeps_at_most_the_days_left(store: Store, own_days: int, gone: int, left: int) -> None:
    set_plan(store.scale, trial_days=own_days)
    client, ends_at = on_trial(store, days_gone=gone)

    shown, made = move(client.client_id, store.scale, seats(10))

    end = ends_at - (TRIAL_DAYS - gone - left) * DAY
    subscription = store.sdk.v1.subscriptions.retrieve(client.subscription)
    assert (made.state, shown.charge, shown.is_on_trial) == ("done", None, True)
    assert shown.renews_at == shown.trial_ends_at == datetime.fromtimestamp(end, UTC)
    assert (subscription.status, subscription.trial_end) == ("trialing", end)
    assert entitlement_of(client.client_id).plan_id == store.scale

    set_plan(store.growth, trial_days=60)
    back, _ = move(client.client_id, store.growth)
    assert back.trial_ends_at == shown.trial_ends_at


def test_the_trial_ends_as_the_new_plan_says(store: Store) -> None:
    set_plan(store.starter, trial_days=14, trial_end="pause", trial_needs_card=False)
    client, _ = on_trial(store, card="", trial_settings={"end_behavior": {"missing_payment_method": "cancel"}})

    move(client.client_id, store.starter)

    settings = store.sdk.v1.subscriptions.retrieve(client.subscription).trial_settings
    assert settings is not None
    assert settings.end_behavior.missing_payment_method == "pause"


def test_a_larger_quantity_than_the_trials_needs_a_card(store: Store) -> None:
    set_plan(store.scale, trial_days=14, trial_needs_card=False)
    client, _ = on_trial(store, card="")

    with pytest.raises(CardNeeded, match="A larger quantity than that of your trial"):
        look(client.client_id, store.scale, seats(1001))  # Growth includes 1,000
    move(client.client_id, store.scale, seats(1000))
    with pytest.raises(CardNeeded):
        look(client.client_id, store.scale, seats(1001))
    assert look(client.client_id, store.scale, seats(900)).is_on_trial

    new_card(store.sdk, client.customer, "pm_card_visa")
    store.read_card(client)
    assert look(client.client_id, store.scale, seats(5000)).is_on_trial


def test_a_trial_that_needs_a_card_needs_one_after_a_change_too(store: Store) -> None:
    set_plan(store.starter, trial_days=14, trial_needs_card=True)
    client, _ = on_trial(store, card="")

    with pytest.raises(CardNeeded, match="A trial of Starter needs a card"):
        look(client.client_id, store.starter)


def test_partners_may_let_trials_carry_over(store: Store) -> None:
    with transaction() as session:
        session.add(SellingSettings(id=1, carries_trials_over=True, updated_at=clock.now()))
    set_plan(store.starter, trial_needs_card=False)
    client, ends_at = on_trial(store, card="")

    shown, made = move(client.client_id, store.starter)

    assert (made.state, shown.charge) == ("done", None)
    assert shown.trial_ends_at == datetime.fromtimestamp(ends_at, UTC)
    assert store.sdk.v1.subscriptions.retrieve(client.subscription).trial_end == ends_at


def test_another_period_of_the_same_plan_stays_on_trial(store: Store) -> None:
    client, ends_at = on_trial(store)

    shown, _ = move(client.client_id, store.growth, Selection(("year", 1), "usd"))

    assert shown.trial_ends_at == datetime.fromtimestamp(ends_at, UTC)
    assert store.sdk.v1.subscriptions.retrieve(client.subscription).status == "trialing"


def test_a_preview_that_kept_the_trial_is_not_made_as_one_that_ends_it(store: Store) -> None:
    set_plan(store.starter, trial_days=14)
    client, _ = on_trial(store)
    shown = look(client.client_id, store.starter, MONTHLY)
    set_plan(store.starter, trial_days=0)

    with pytest.raises(Exception, match="not up to date any more"):
        confirm(client.client_id, shown)
    assert len(store.invoices(client)) == 1


PRESENT = PresentPlan(
    client_id=1,
    client_name="Harbor Dental",
    mode="test",
    account_id=1,
    stripe_subscription_id="sub_1",
    status="trialing",
    currency="usd",
    revision=1,
    is_paid_by_bill=False,
    is_to_end_at_period_end=False,
    ends_at=None,
    trial_ends_at=datetime(2030, 1, 15, tzinfo=UTC),
    stripe_schedule_id=None,
    plan=PlanName(1, "Growth", 1),
    selection=None,
    items=(),
    moment=datetime(2030, 1, 1, tzinfo=UTC),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 14 * 24), st.one_of(st.none(), st.integers(0, 730))), min_size=1, max_size=8
    )
)
def test_no_order_of_changes_makes_a_trial_longer(changes: list[tuple[int, int | None]]) -> None:
    """Each change comes some hours after the first and moves to a plan with some trial days."""
    first = PRESENT.trial_ends_at
    assert first is not None
    end: datetime | None = first
    for hours, days in sorted(changes, key=lambda change: change[0]):
        moment = PRESENT.moment + timedelta(hours=hours)
        if end is None or moment >= end:
            break
        after = trial_end(PresentPlan(**{**vars(PRESENT), "trial_ends_at": end}), days, moment)
        assert after is None or moment < after <= end <= first
        assert (after is None) == (days == 0)
        end = after
