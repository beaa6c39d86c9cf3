"""The form that confirms a previewed change: its fields, and the change request read from them."""

import secrets
from collections.abc import Mapping
from datetime import datetime

from flask import request

from billingportal import clock
from billingportal.domain.offers.offers import Period
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes.planning import ChangeRequest
from billingportal.domain.plan_changes.previews import Preview
from billingportal.domain.prices.price_text import ONE
from billingportal.errors import Refusal
from billingportal.limits import whole_number
from billingportal.models.plan_changes.plan_change import ChangeTiming
from billingportal.web.plan_changes.viewer import Viewer

LARGEST_MOMENT = 253_402_300_799
TIMINGS: dict[str, ChangeTiming] = {"now": "now", "renewal": "renewal"}
QUANTITY = "quantity."
LONGEST_TOKEN = 40
LEAVES_USE = "leaves_use"


def confirmation_fields(shown: Preview) -> dict[str, str]:
    """The form values that identify exactly the preview shown, and this rendering of it."""
    interval, count = shown.selection.period
    return {
        "plan": str(shown.plan.id),
        "interval": interval,
        "interval_count": str(count),
        "timing": shown.timing,
        "prorated_at": str(int(shown.prorated_at.timestamp())),
        "seal": shown.seal,
        "token": secrets.token_urlsafe(16),
        **{f"{QUANTITY}{key}": str(number) for key, number in shown.selection.quantities.items()},
    }


def confirmed_request(viewer: Viewer) -> ChangeRequest:
    """The confirmed change. Other invalid values become a change that is previewed again, or refused.

    Raises Refusal for a period that does not exist.
    """
    form = request.form
    period = period_of(form)
    return ChangeRequest(
        viewer.client_id,
        number_of(form.get("plan", "")),
        Selection(period, "", quantities_of(form)),
        timing=TIMINGS.get(form.get("timing", ""), "now"),
        prorated_at=moment_of(form.get("prorated_at", "")),
        seal=form.get("seal", ""),
        staff_id=viewer.staff_id,
        token=form.get("token", "")[:LONGEST_TOKEN],
        leaves_use=leaves_use(viewer),
    )


def leaves_use(viewer: Viewer) -> bool:
    """Whether staff go on although use waits to be sent. A client could use this to pay less, so it may not."""
    return viewer.is_staff and LEAVES_USE in request.form


def period_of(form: Mapping[str, str]) -> Period:
    interval, count = form.get("interval", ""), number_of(form.get("interval_count", ""))
    if interval not in ONE or not count:
        raise Refusal("interval", "Choose how often to pay, then look at the change again.")
    return interval, count


def quantities_of(form: Mapping[str, str]) -> dict[str, int]:
    named = {name.removeprefix(QUANTITY): text for name, text in form.items() if name.startswith(QUANTITY)}
    return {key: number_of(text) for key, text in named.items()}


def number_of(text: str) -> int:
    """A number from the form; 0, which no row or quantity has, for invalid text."""
    return whole_number(text) or 0


def moment_of(text: str) -> datetime:
    """The time of the preview, UTC; the epoch for invalid text, so that the preview counts as too old."""
    return clock.from_unix(whole_number(text, LARGEST_MOMENT) or 0)
