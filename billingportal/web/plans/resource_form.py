"""The forms of a resource."""

from typing import Self, cast

from sqlalchemy.orm import Session
from wtforms import BooleanField, RadioField, StringField

from billingportal.domain.plans.resource_warnings import Warnings
from billingportal.domain.usage.limits import pool_state
from billingportal.domain.usage.limits.pool_settings import LARGEST_CEILING
from billingportal.errors import Refusal
from billingportal.limits import whole_number
from billingportal.models import Resource
from billingportal.models.connection.processor_account import Mode
from billingportal.models.plans.resource import WhenUnreachable
from billingportal.web.common.forms import PortalForm

COUNTING = {
    "gauge": "Current total, such as contacts",
    "counter": "Total per billing period, such as messages",
}
NOT_A_NUMBER = "Enter a whole number, such as 3,000,000, or leave it empty for unlimited."
UNREACHABLE = {"open": "Let clients go on", "closed": "Stop new use"}
MODES: tuple[Mode, ...] = ("test", "live")


class ResourceForm(PortalForm):
    """`kind` cannot be changed later: a resource that is counted differently is another resource."""

    name = StringField("Name", description="For example “Messages”.")
    unit = StringField("Unit label", description="“5,000 messages”. Leave empty for the name in lower case.")
    kind = RadioField("How it is counted", choices=COUNTING, default="gauge")


class ResourceSettingsForm(PortalForm):
    """All that can be changed later. The pools are numbers with or without commas; empty is unlimited."""

    name = StringField("Name")
    unit = StringField("Unit label", description="“5,000 messages”. Leave empty for the name in lower case.")
    warns_at_80 = BooleanField("Reaches 80%")
    warns_at_100 = BooleanField("Reaches the limit")
    warns_above_100 = BooleanField("Goes over it")
    warns_client = BooleanField(
        "The client, on its billing page and by email", description="Emails need a server under Mail."
    )
    warns_staff = BooleanField("Your team, on the client and usage pages")
    warns_platform = BooleanField(
        "Your platform, by outgoing webhook", description="Events limit.warning, limit.reached and limit.exceeded."
    )
    when_unreachable = RadioField("If the portal can't be reached", choices=UNREACHABLE)
    pool_test = StringField("Test mode")
    pool_live = StringField("Live mode")

    @classmethod
    def of_resource(cls, session: Session, resource: Resource) -> Self:
        form = cls(obj=resource)
        form.describe(session, resource)
        for mode in MODES:
            ceiling = pool_state.ceilings(session, mode).get(resource.id)
            form[f"pool_{mode}"].data = "" if ceiling is None else f"{ceiling:,}"
        return form

    def describe(self, session: Session, resource: Resource) -> None:
        """Labels and hints of the pools: the unit, and what is used of it now."""
        a_month = " a month" if resource.kind == "counter" else ""
        for mode in MODES:
            used_now = pool_state.used_now(session, mode, resource)
            used = f"{used_now:,} used{' this month' if a_month else ' now'}. "
            field = self[f"pool_{mode}"]
            field.label.text = f"{mode.title()} mode, {resource.unit}{a_month}"
            field.description = f"{used}Leave empty for unlimited."

    @property
    def warnings(self) -> Warnings:
        """What was chosen. Raises Refusal for an unknown choice."""
        if self.when_unreachable.data not in UNREACHABLE:
            raise Refusal("when_unreachable", "Choose one of the two.")
        return Warnings(
            bool(self.warns_at_80.data),
            bool(self.warns_at_100.data),
            bool(self.warns_above_100.data),
            bool(self.warns_client.data),
            bool(self.warns_staff.data),
            bool(self.warns_platform.data),
            cast(WhenUnreachable, self.when_unreachable.data),
        )

    def ceiling(self, mode: Mode) -> int | None:
        """The typed pool of a mode; None is unlimited. Raises Refusal naming the field."""
        typed = "".join((self[f"pool_{mode}"].data or "").replace(",", "").split())
        number = whole_number(typed, LARGEST_CEILING)
        if typed and number is None:
            raise Refusal(f"pool_{mode}", NOT_A_NUMBER)
        return number
