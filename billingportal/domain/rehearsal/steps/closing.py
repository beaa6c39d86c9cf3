"""How the events of a whole life came."""

from billingportal.domain.rehearsal.comparison import check, left_out
from billingportal.domain.rehearsal.stage import Scene
from billingportal.domain.rehearsal.steps.kind import Kind
from billingportal.models import ProcessorAccount
from billingportal.plain_json import JsonObject

NOT_PROVEN = "Stripe cannot reach this portal by webhook, so events were read by catch-up. Deliveries are not proven."


def count_endpoints(scene: Scene) -> JsonObject:
    """The endpoints at Stripe that deliver to the portal's address."""
    with scene.stage.transaction() as session:
        endpoint = session.get_one(ProcessorAccount, scene.stage.account_id).endpoint
        token = endpoint.token if endpoint else None
    found = scene.stage.gateway.webhook_endpoints()
    return {"endpoints": sum(1 for one in found if token and token in one.url and one.is_enabled)}


def check_events(scene: Scene) -> list[JsonObject]:
    if scene.stage.road != "webhook":
        return [left_out("events.road", "Delivery of events", NOT_PROVEN)]
    number = scene.memory.get("endpoints")
    why = "Several webhook endpoints at Stripe deliver every event to this portal."
    return [check("events.once", "Endpoints that deliver to this portal", "1", str(number), why=why)]


EVENTS = Kind(count_endpoints, check_events, has_events=False)
