"""The plans that can be rehearsed, each with its last rehearsal, and the amounts of use to try."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from billingportal.domain.common.dates import day
from billingportal.domain.prices.price_text import period_words
from billingportal.domain.rehearsal.promises import choices_for_sale
from billingportal.domain.rehearsal.report.changed_since import PlanRehearsed
from billingportal.errors import Refusal
from billingportal.limits import whole_number
from billingportal.models import Plan, PlanPrice, Resource
from billingportal.web.rehearsal.view import LOOKS, Look

MOST_USE = 10**9


@dataclass(frozen=True)
class PlanChoice:
    """`note` says since when, or what changed."""

    plan_id: int
    name: str
    sold_as: str
    look: Look
    note: str
    is_chosen: bool


def plan_choices(
    session: Session, plans: Mapping[int, PlanRehearsed], chosen: Sequence[str] | None
) -> list[PlanChoice]:
    """The plans that can be played. `chosen`: what was ticked before; None ticks all."""
    found = []
    for one in plans.values():
        offered = choices_for_sale(session, session.get_one(Plan, one.plan_id))
        if not offered:
            continue
        periods = ", ".join(period_words(*choice.period) for choice in offered)
        currencies = ", ".join(dict.fromkeys(name.upper() for choice in offered for name in choice.currencies))
        look, note = look_of(one)
        is_chosen = chosen is None or str(one.plan_id) in chosen
        found.append(PlanChoice(one.plan_id, one.name, f"{periods} · {currencies}", look, note, is_chosen))
    return found


def look_of(one: PlanRehearsed) -> tuple[Look, str]:
    if one.last is None:
        return ("mute", "Never rehearsed", None), ""
    when = f"{day(one.last.ended_at)}{', quick' if one.last.is_quick else ''}"
    if one.changes and one.last.verdict == "passed":
        more = f", and {len(one.changes) - 1} more" if len(one.changes) > 1 else ""
        return ("warn", "Changed since", None), f"{one.changes[0].words}{more}"
    return LOOKS[one.last.verdict], when


def metered_resources(session: Session, account_id: int) -> Sequence[Resource]:
    sold = select(PlanPrice.resource_id).where(
        PlanPrice.processor_account_id == account_id, PlanPrice.role == "usage", PlanPrice.retired_at.is_(None)
    )
    return session.scalars(select(Resource).where(Resource.id.in_(sold)).order_by(Resource.position)).all()


def uses_of(form: MultiDict[str, str], resources: Sequence[Resource]) -> dict[str, list[int]]:
    """The amounts by resource key: whole numbers, separated by blanks or semicolons. Raises Refusal."""
    found: dict[str, list[int]] = {}
    for resource in resources:
        typed = form.get(f"use-{resource.id}", "").replace(",", "").replace(";", " ").split()
        numbers = [number for one in typed if (number := whole_number(one)) is not None and number <= MOST_USE]
        if len(numbers) < len(typed):
            raise Refusal("uses", f"{resource.name}: use is a whole number, 0 to {MOST_USE:,}.")
        if numbers:
            found[resource.key] = numbers
    return found
