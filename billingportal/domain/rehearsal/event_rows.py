"""The row of a step that tells how its events came."""

from typing import cast

from billingportal.domain.rehearsal.comparison import check, left_out
from billingportal.domain.rehearsal.stage import Stage
from billingportal.domain.rehearsal.steps.deliveries import NOT_PROVEN
from billingportal.plain_json import JsonObject


def events_row(stage: Stage, account: JsonObject) -> JsonObject:
    """Whether each event of the step came through the webhook, and how fast."""
    listed, missing = account.get("listed"), cast("list[str]", account.get("missing") or [])
    title, wanted = "Events", f"{listed} events, each once"
    if not_made := cast("list[str]", account.get("not_made") or []):
        seen = f"none of {', '.join(not_made)}"
        return check("events", title, ", ".join(not_made), seen, why="Stripe made no such event.", meaning=SLOW)
    if stage.road == "webhook":
        slowest = account.get("slowest")
        speed = f", the slowest after {slowest / 1000:.1f} s" if isinstance(slowest, int) else ""
        seen = wanted if not missing else f"{account.get('by_webhook')} through the webhook, not {', '.join(missing)}"
        row = check("events", title, wanted, seen, why="The webhook did not bring every event.", meaning=SLOW)
        return {**row, "seen": f"{seen}{speed}"}
    return left_out("events", title, NOT_PROVEN, expected=wanted, seen=f"{listed} events, read by catch-up")


SLOW = "The portal would learn of it minutes later, from catch-up."
