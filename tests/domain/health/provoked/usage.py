"""Findings about use."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.metering import outbox
from billingportal.models import MeterEvent, UsageCorrection, UsagePool
from tests.domain.health.provoked.row import Provoked
from tests.support.health.shops import metered_client_of, sell_use
from tests.support.stripe.worlds import World


def lose(world: World, _: pytest.MonkeyPatch) -> None:
    client = metered_client_of(world)
    client.lose_today()
    client.compare()


def send_again(world: World, _: pytest.MonkeyPatch) -> None:
    client = metered_client_of(world)
    client.meters.report_elsewhere(client.ids.customer, 100)
    client.compare()


def report_elsewhere(world: World, _: pytest.MonkeyPatch) -> None:
    client = metered_client_of(world)
    client.meters.report_elsewhere(client.ids.customer, 200)
    client.compare()


def take_back_elsewhere(world: World, _: pytest.MonkeyPatch) -> None:
    client = metered_client_of(world)
    client.meters.report_elsewhere(client.ids.customer, -200)
    client.compare()


def reject(world: World, _: pytest.MonkeyPatch) -> None:
    ids = [event.id for event in metered_client_of(world).events()]
    with transaction() as session:
        outbox.reject(session, ids, "archived_meter", "The meter was archived.")


def put(world: World, state: str) -> None:
    metered_client_of(world).change_events(0, 1, state=state)


def be_late(world: World, _: pytest.MonkeyPatch) -> None:
    put(world, "too_late")


def wait(world: World, _: pytest.MonkeyPatch) -> None:
    put(world, "waiting")


def let_go(world: World, _: pytest.MonkeyPatch) -> None:
    put(world, "let_go")


def correct(world: World, _: pytest.MonkeyPatch) -> None:
    client = metered_client_of(world)
    with transaction() as session:
        session.add(
            UsageCorrection(
                client_id=client.ids.client_id,
                resource_id=client.meters.resource_id,
                counted="total",
                before=90,
                after=100,
                found_at=clock.now(),
            )
        )


def let_a_day_pass(world: World, _: pytest.MonkeyPatch) -> None:
    with transaction() as session:
        session.execute(update(UsageCorrection).values(found_at=clock.now() - timedelta(days=2)))


def use_pool_up(world: World, _: pytest.MonkeyPatch) -> None:
    resource_id = metered_client_of(world).meters.resource_id
    with transaction() as session:
        session.add(UsagePool(mode="test", resource_id=resource_id, ceiling=120, used=100))


def have_no_pool(world: World, _: pytest.MonkeyPatch) -> None:
    with transaction() as session:
        session.execute(delete(UsagePool))


def forget(world: World, _: pytest.MonkeyPatch) -> None:
    with transaction() as session:
        session.execute(update(MeterEvent).values(state="let_go"))


ROWS = (
    Provoked("ledger.less", lose, "Stripe has 100", "US$0.40 too little", send_again, sell_use),
    Provoked("ledger.more", report_elsewhere, "Stripe has 200", "US$0.80 too much", take_back_elsewhere, sell_use),
    Provoked("usage.rejected", reject, "Stripe rejected 100", "The meter was archived.", forget, sell_use),
    Provoked("usage.waiting", wait, "wait for a subscription", "is not charged before", let_go, sell_use),
    Provoked("usage.too_late", be_late, "after the invoice was final", "is on no invoice", let_go, sell_use),
    Provoked("usage.recount_healed", correct, "corrected 1 total", "add up to", let_a_day_pass, sell_use),
    Provoked("pool.near", use_pool_up, "83 % of your AI replies", "100 of 120", have_no_pool, sell_use),
)
