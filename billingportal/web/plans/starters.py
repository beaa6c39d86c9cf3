"""Templates for a new plan: the three usual kinds, filled in except for prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from billingportal.models import Resource
from billingportal.web.plans.form import PlanFields, PlanForm, PriceRow, QuotaRow, quota_text


@dataclass(frozen=True)
class PlanTemplate:
    """Quotas and prices name resources by their keys; resources that a portal lacks are left out."""

    key: str
    title: str
    words: str
    symbol: str
    fields: Mapping[str, str] = field(default_factory=dict)
    quotas: Mapping[str, int] = field(default_factory=dict)
    prices: Sequence[str] = ()


TEMPLATES = (
    PlanTemplate(
        "free",
        "Free",
        "Small quotas, no price, no card. Clients try you out and move up.",
        "star",
        {"name": "Free", "description": "To try things out", "features": "Email support"},
        {"contacts": 100, "workspaces": 1, "channels": 1, "team_members": 1},
    ),
    PlanTemplate(
        "flat",
        "Flat, monthly and yearly",
        "One price a month, one a year with a saving, and quotas that are included.",
        "credit-card",
        {"name": "Growth", "description": "For teams that talk to customers every day", "trial_days": "14"},
        {"contacts": 5000, "workspaces": 3, "channels": 5, "team_members": 5},
        ("flat", "flat"),
    ),
    PlanTemplate(
        "by_number",
        "By number of contacts",
        "Clients choose how many contacts they need; tiers set the price, and the number becomes the quota.",
        "users",
        {"name": "Scale", "description": "Pay for the contacts you need"},
        {"workspaces": 10, "channels": 10, "team_members": 20},
        ("quantity:contacts",),
    ),
)


def find(key: str) -> PlanTemplate | None:
    return next((template for template in TEMPLATES if template.key == key), None)


def form(template: PlanTemplate | None, resources: Sequence[Resource]) -> PlanForm:
    """The form that a new plan starts with."""
    if template is None:
        return PlanForm(PlanFields(), [QuotaRow(resource) for resource in resources], [PriceRow()])
    ids = {resource.key: resource.id for resource in resources}
    quotas = [QuotaRow(resource, quota_text(template.quotas.get(resource.key))) for resource in resources]
    uses = [use.partition(":") for use in template.prices]
    prices = [PriceRow(use=f"{role}:{ids[key]}" if key else role) for role, _, key in uses if not key or key in ids]
    return PlanForm(PlanFields(data=template.fields), quotas, prices)
