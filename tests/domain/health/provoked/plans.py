"""Findings about plans, prices and meters."""

import pytest

from billingportal.domain.sync.object_types import METER, PRICE
from tests.domain.health.provoked.row import Provoked
from tests.support.health.repairs import press
from tests.support.health.shops import linked_price, metered_client_of, refresh, sdk, sell, sell_use
from tests.support.stripe.worlds import World


def archive_price(world: World, _: pytest.MonkeyPatch) -> None:
    price = linked_price(world)
    sdk(world).v1.prices.update(price, params={"active": False})
    refresh(PRICE, price)


def unarchive_price(world: World, _: pytest.MonkeyPatch) -> None:
    assert press(world, "price.drift").startswith("Repaired at Stripe")


def turn_meter_off(world: World, _: pytest.MonkeyPatch) -> None:
    meter = metered_client_of(world).meters.stripe_meter_id
    sdk(world).v1.billing.meters.deactivate(meter)
    refresh(METER, meter)


def turn_meter_on(world: World, _: pytest.MonkeyPatch) -> None:
    assert press(world, "meter.inactive").startswith("The meter is on again")
    assert metered_client_of(world).meters.sdk.v1.billing.meters.list().data[0].status == "active"


ROWS = (
    Provoked("price.drift", archive_price, "Growth changed at Stripe", "pay it now: 1.", unarchive_price, sell),
    Provoked("plan.unsellable", archive_price, "Nobody can buy the plan", "nobody new", unarchive_price, sell),
    Provoked("meter.inactive", turn_meter_off, "is off at Stripe", "Clients billed by it: 1.", turn_meter_on, sell_use),
)
