"""The form of a plan as typed: its fields, one row for each resource and one for each price."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self, cast, get_args

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, HiddenField, StringField, TextAreaField

from billingportal import limits
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit, PlanTerms
from billingportal.errors import Refusal
from billingportal.models import Plan, Resource
from billingportal.models.plans.plan import TrialEnd
from billingportal.models.plans.plan_price import PriceRole
from billingportal.models.plans.plan_quota import Reaction
from billingportal.models.plans.quota_change import AppliesTo
from billingportal.web.common.forms import PortalForm

REACTIONS: dict[Reaction, str] = {"block": "Block new ones", "warn": "Allow and warn", "bill": "Bill extra use"}
TRIAL_ENDS: dict[TrialEnd, str] = {
    "default": "End it, and go on with the default plan",
    "cancel": "End it, with no plan",
    "pause": "Pause it until a card is added",
}
LARGEST_NUMBER = 10**15 - 1
MOST_PRICES = 20


class PlanFields(PortalForm):
    name = StringField("Plan name")
    description = StringField("Short description", description="One line under the name on the pricing page.")
    features = TextAreaField("Features", description="One line each, shown with a tick on the pricing page.")
    note = TextAreaField("Note", description="Only your team sees it.")
    trial_days = StringField("Trial days", description="0 for no trial.", default="0")
    trial_needs_card = BooleanField("Ask for a card before the trial", default=True)
    trial_end = StringField("When a trial ends without a card", default="default")
    is_on_request = BooleanField("Sold on request: show “Contact us” where there is no price")
    sells_free = BooleanField("Sell this plan free, with no limits")
    revision = HiddenField(default="0")


@dataclass
class QuotaRow:
    """The typed quota of one resource. Empty is unlimited."""

    resource: Resource
    quota: str = ""
    reaction: Reaction = "block"
    error: str | None = None

    @property
    def name(self) -> str:
        return f"quota_{self.resource.id}"

    def limit(self) -> Limit:
        """The typed limit. Raises Refusal for text that is no whole number."""
        return Limit(whole_number(self.name, self.quota), self.reaction)


@dataclass
class PriceRow:
    """One typed price: a Price ID or lookup key, and its use."""

    text: str = ""
    use: str = "flat"
    error: str | None = None

    def link(self, stripe_price_id: str, field_name: str) -> Link:
        role, _, resource_id = self.use.partition(":")
        known = cast(PriceRole, role) if role in get_args(PriceRole) else "flat"
        return Link(stripe_price_id, known, limits.whole_number(resource_id), field_name)


@dataclass
class PlanForm:
    """All values that the editor shows and submits."""

    fields: PlanFields
    quotas: list[QuotaRow]
    prices: list[PriceRow] = field(default_factory=list)
    applies_to: AppliesTo | None = None

    @classmethod
    def of_request(cls, values: "MultiDict[str, str]", resources: Sequence[Resource]) -> Self:
        applies_to = values.get("applies_to")
        return cls(
            PlanFields(values),
            [quota_row(resource, values) for resource in resources],
            [PriceRow(text.strip(), use) for text, use in price_pairs(values)],
            cast(AppliesTo, applies_to) if applies_to in get_args(AppliesTo) else None,
        )

    @classmethod
    def of_plan(cls, plan: Plan, resources: Sequence[Resource], links: Iterable[Link]) -> Self:
        fields = PlanFields(
            data={
                "name": plan.name,
                "description": plan.description,
                "features": "\n".join(str(line) for line in plan.features),
                "note": plan.note,
                "trial_days": str(plan.trial_days),
                "trial_needs_card": plan.trial_needs_card,
                "trial_end": plan.trial_end,
                "is_on_request": plan.is_on_request,
                "revision": str(plan.revision),
            }
        )
        limits = {row.resource_id: row for row in plan.quotas}
        quotas = [
            QuotaRow(resource, quota_text(limits[resource.id].quota), limits[resource.id].reaction)
            if resource.id in limits
            else QuotaRow(resource)
            for resource in resources
        ]
        return cls(fields, quotas, [PriceRow(link.stripe_price_id, use_of(link)) for link in links])

    def terms(self) -> PlanTerms:
        """The typed terms, without the prices. Raises Refusal for an invalid number."""
        typed = self.fields
        return PlanTerms(
            name=typed.name.data or "",
            description=typed.description.data or "",
            note=typed.note.data or "",
            features=(typed.features.data or "").splitlines(),
            trial_days=whole_number("trial_days", typed.trial_days.data or "") or 0,
            trial_needs_card=bool(typed.trial_needs_card.data),
            trial_end=trial_end(typed.trial_end.data),
            is_on_request=bool(typed.is_on_request.data),
            quotas={row.resource.id: row.limit() for row in self.quotas},
        )

    @property
    def trial_ends(self) -> dict[TrialEnd, str]:
        return TRIAL_ENDS

    @property
    def revision(self) -> int:
        return limits.whole_number(self.fields.revision.data or "") or 0

    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal at its price, quota or field."""
        kind, _, place = refusal.field.partition("_")
        if kind == "price" and place.isdecimal():
            self.prices[int(place)].error = refusal.message
            return
        row = next((row for row in self.quotas if row.name == refusal.field), None)
        if row is None:
            self.fields.refuse(refusal)
        else:
            row.error = refusal.message

    @property
    def has_errors(self) -> bool:
        return any(row.error for row in self.quotas) or any(row.error for row in self.prices)


def trial_end(typed: str | None) -> TrialEnd:
    return cast(TrialEnd, typed) if typed in get_args(TrialEnd) else "default"


def quota_row(resource: Resource, values: "MultiDict[str, str]") -> QuotaRow:
    reaction = values.get(f"reaction_{resource.id}", "block")
    known = cast(Reaction, reaction) if reaction in get_args(Reaction) else "block"
    return QuotaRow(resource, values.get(f"quota_{resource.id}", "").strip(), known)


def price_pairs(values: "MultiDict[str, str]") -> list[tuple[str, str]]:
    """Text and use of every price row, in order, also of empty ones."""
    return list(zip(values.getlist("text"), values.getlist("use"), strict=False))[:MOST_PRICES]


def use_of(link: Link) -> str:
    return link.role if link.resource_id is None else f"{link.role}:{link.resource_id}"


def uses(resources: Sequence[Resource]) -> dict[str, str]:
    """The possible uses of a price, with their labels."""
    found = {"flat": "The plan itself"}
    for resource in resources:
        found[f"quantity:{resource.id}"] = f"{resource.name}, bought by number"
        found[f"usage:{resource.id}"] = f"{resource.name}, billed by use"
    return found


def quota_text(quota: int | None) -> str:
    return "" if quota is None else str(quota)


def whole_number(name: str, text: str) -> int | None:
    """The typed number, with or without separators; None for nothing. Raises Refusal at the field `name`."""
    digits = text.strip().replace(",", "").replace(" ", "").replace("\u202f", "")
    if not digits:
        return None
    number = limits.whole_number(digits, LARGEST_NUMBER)
    if number is None:
        raise Refusal(name, "Write a whole number, 0 or more.")
    return number
