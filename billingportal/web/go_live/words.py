"""The words of the checklist's sections and of the first-week card."""

from datetime import datetime, timedelta

from billingportal.domain.go_live.checklist.checklist import Checklist
from billingportal.domain.go_live.checklist.item import Item, Section
from billingportal.domain.go_live.first_week import Moment, MomentState

TITLES: dict[Section, str] = {
    "stripe": "Stripe",
    "plans": "Plans",
    "clients": "What clients see",
    "machine": "This machine",
}
FIRST_WEEK: dict[Moment | MomentState, tuple[str, str, str]] = {
    "payment": ("First real payment", "", ""),
    "metered": ("First metered invoice", "", ""),
    "renewal": ("First renewal", "", ""),
    "equal": ("Equal", "ok", "circle-check"),
    "differs": ("Differs", "bad", "alert-circle"),
    "unread": ("Being read", "busy", "loader-2"),
    "not_comparable": ("Not comparable", "mute", "circle-dashed"),
    "expected": ("Expected", "info", "clock"),
}
# After that the card has told what it can.
CARD_LASTS = timedelta(days=60)


def sections(found: Checklist) -> list[tuple[str, tuple[Item, ...]]]:
    """The done items by section, with its title."""
    return [(title, found.done_in(section)) for section, title in TITLES.items() if found.done_in(section)]


def card_is_due(since: datetime, moment: datetime) -> bool:
    return moment < since + CARD_LASTS
