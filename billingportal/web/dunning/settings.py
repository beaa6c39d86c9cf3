"""Settings > Failed payments: the dunning steps, and after how many days each begins."""

from dataclasses import asdict, dataclass

from flask import Blueprint, flash, g, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField

from billingportal.db import db, transaction
from billingportal.domain.common.form_errors import FormErrors
from billingportal.domain.common.severity import Severity
from billingportal.domain.dunning import ladder
from billingportal.domain.dunning import settings as dunning_settings
from billingportal.domain.dunning.ladder import Ladder
from billingportal.domain.mail import settings as mail_settings
from billingportal.models.entitlements.entitlement import LadderStep
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm
from billingportal.web.common.urls import in_dashboard

blueprint = Blueprint("ladder_settings", __name__, url_prefix="/settings/failed-payments")
RETRIES = "revenue_recovery/retries"
SAME = "Failed payments saved. Nothing has changed."


class LadderForm(PortalForm):
    warn_after_days = StringField(
        "Warn after this many days",
        description="Until then everything keeps working. 0 warns at once.",
    )
    limit_after_days = StringField(
        "Limit after this many days",
        description="From then on nothing new can be made. Empty: never.",
    )
    suspend_after_days = StringField(
        "Suspend after this many days",
        description="From then on nothing works until it is paid. Empty: never.",
    )

    @property
    def typed(self) -> dict[str, str]:
        return {field.name: field.data or "" for field in self}

    @classmethod
    def showing(cls, chosen: Ladder) -> "LadderForm":
        return cls(data={name: "" if days is None else str(days) for name, days in asdict(chosen).items()})


@dataclass(frozen=True)
class RungShown:
    """One step in the picture of the ladder. `count` is the number of clients on it now."""

    severity: Severity
    icon: str
    days: str
    title: str
    words: str
    count: int


RUNGS: dict[LadderStep, tuple[Severity, str, str, str]] = {
    "grace": ("info", "refresh", "Everything keeps working", "Stripe tries again by itself."),
    "warned": ("warn", "alert-triangle", "Warned", "Everything keeps working. The billing page says what comes next."),
    "limited": ("warn", "lock", "Limited", "Nothing new can be made. All that is there keeps working."),
    "suspended": ("bad", "circle-x", "Suspended", "Nothing works until it is paid. Nothing is deleted."),
}


def picture(chosen: Ladder, counts: dict[LadderStep, int]) -> list[RungShown]:
    """The active steps with their days, in order."""
    days: dict[LadderStep, int | None] = {
        "grace": 0,
        "warned": chosen.warn_after_days,
        "limited": chosen.limit_after_days,
        "suspended": chosen.suspend_after_days,
    }
    taken = [(step, after) for step, after in days.items() if after is not None]
    ends = [*(after for _, after in taken[1:]), None]
    return [
        RungShown(severity, icon, day_range(after, end), title, words, counts.get(step, 0))
        for (step, after), end in zip(taken, ends, strict=True)
        if after != end
        for severity, icon, title, words in [RUNGS[step]]
    ]


def day_range(first: int, end: int | None) -> str:
    return f"From day {first}" if end is None else f"Day {first} to {end}"


@blueprint.get("")
def edit() -> str:
    return page(LadderForm.showing(ladder.current(db.session())))


def page(form: LadderForm) -> str:
    reading = db.session()
    return render_template(
        "dunning/edit.html",
        form=form,
        rungs=picture(ladder.current(reading), dunning_settings.counts(reading, g.mode)),
        sends_letters=mail_settings.is_on(reading),
        mail_problem=mail_settings.problem(reading),
        retries_address=in_dashboard(g.mode, RETRIES),
    )


@blueprint.post("")
@require_role("owner", "admin")
def update() -> ResponseReturnValue:
    form = LadderForm.of_request()
    try:
        chosen = dunning_settings.read_ladder(form.typed)
    except FormErrors as mistakes:
        for refusal in mistakes.refusals:
            form.refuse(refusal)
        return page(form), 422
    with transaction() as session:
        is_changed = dunning_settings.save_ladder(session, chosen, staff_id=current_staff().id)
    flash("Failed payments saved. It holds at once, also for clients whose payment fails now." if is_changed else SAME)
    return htmx.redirect(url_for("ladder_settings.edit"))
