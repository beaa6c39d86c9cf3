"""Asks Stripe which clock limits the time of a meter event: it is not documented.

The probe is an event of 0 units, ten minutes ahead of the test clock and weeks before the present. By the test clock it
is too far in the future (5 minutes at most); by real time it is fine. It adds nothing to a meter that adds up.
"""

from datetime import timedelta

from sqlalchemy import select

from billingportal.domain.rehearsal.stage import Scene
from billingportal.domain.rehearsal.steps.kind import Kind
from billingportal.domain.rehearsal.steps.subscription import promise
from billingportal.models import Meter
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.errors import MeterEventExists, RequestRefused

AHEAD = timedelta(minutes=10)
BY_CLOCK, BY_REAL_TIME = "The test clock: Stripe refused it", "Real time: Stripe took it"


def probe_intent(scene: Scene) -> JsonObject:
    frozen_at = scene.stage.gateway.test_clocks.state(scene.clock_id).frozen_at
    return {"at": int((frozen_at + AHEAD).timestamp())}


def probe(scene: Scene) -> JsonObject:
    stage = scene.stage
    sold = next(one for one in promise(scene).by_use if one.formula == "sum")
    with stage.transaction() as session:
        meter = session.scalars(
            select(Meter).where(
                Meter.processor_account_id == stage.account_id, Meter.stripe_meter_id == sold.stripe_meter_id
            )
        ).one()
        name, payload = (
            meter.event_name,
            {meter.customer_payload_key: scene.known("customer"), meter.value_payload_key: "0"},
        )
    try:
        stage.gateway.meter_events.create(name, payload, scene.key, scene.moment_planned("at"), scene.key)
    except MeterEventExists:
        return {"probe": BY_REAL_TIME}
    except RequestRefused:
        return {"probe": BY_CLOCK}
    return {"probe": BY_REAL_TIME}


def tell(scene: Scene) -> list[JsonObject]:
    """Both answers are fine: all use of a rehearsal is right by either clock."""
    told = str(scene.memory["probe"])
    title = "Clock that limits the time of use"
    return [{"key": "probe", "title": title, "expected": "Either clock", "seen": told, "result": "equal"}]


PROBE = Kind(probe, tell, probe_intent, has_events=False)
