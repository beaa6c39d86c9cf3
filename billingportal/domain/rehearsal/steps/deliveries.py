"""How the events of a whole life came."""

from statistics import median

from sqlalchemy import select

from billingportal.domain.rehearsal.comparison import check, left_out
from billingportal.domain.rehearsal.stage import Scene
from billingportal.domain.rehearsal.steps.kind import Kind
from billingportal.models import ProcessorAccount, RehearsalStep
from billingportal.plain_json import JsonObject

NOT_PROVEN = "Stripe cannot reach this portal by webhook, so events were read by catch-up. Deliveries are not proven."


def count_endpoints(scene: Scene) -> JsonObject:
    """The endpoints at Stripe that deliver to the portal's address."""
    with scene.stage.transaction() as session:
        endpoint = session.get_one(ProcessorAccount, scene.stage.account_id).endpoint
        token = endpoint.token if endpoint else None
    found = scene.stage.gateway.webhook_endpoints()
    with scene.stage.transaction() as session:
        outcomes = session.scalars(
            select(RehearsalStep.outcome).where(RehearsalStep.rehearsal_life_id == scene.stage.life_id)
        )
        times = [one for outcome in outcomes for one in milliseconds_in(outcome)]
    number = sum(1 for one in found if token and token in one.url and one.is_enabled)
    speed = f"median {int(median(times)):,} ms, slowest {max(times):,} ms" if times else "none arrived"
    return {"endpoints": number, "arrived": len(times), "speed": speed}


def milliseconds_in(outcome: JsonObject) -> list[int]:
    """How long the events of a step took."""
    account = outcome.get("events")
    found = account.get("milliseconds") if isinstance(account, dict) else None
    return [one for one in found if isinstance(one, int)] if isinstance(found, list) else []


def speed_row(scene: Scene) -> JsonObject:
    number = f"{scene.memory.get('arrived')} events through the webhook"
    told = str(scene.memory.get("speed"))
    return {"key": "events.speed", "title": "Speed of events", "expected": number, "seen": told, "result": "equal"}


def check_events(scene: Scene) -> list[JsonObject]:
    if scene.stage.road != "webhook":
        return [left_out("events.road", "Delivery of events", NOT_PROVEN)]
    number = scene.memory.get("endpoints")
    why = "Several webhook endpoints at Stripe deliver every event to this portal."
    return [check("events.once", "Endpoints that deliver to this portal", "1", str(number), why=why), speed_row(scene)]


EVENTS = Kind(count_endpoints, check_events, has_events=False)
