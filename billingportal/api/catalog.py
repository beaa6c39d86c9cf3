"""What can be limited and what is for sale: resources and plans."""

from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.api.kernel.answers import Answer
from billingportal.api.kernel.call import Call
from billingportal.api.kernel.lists import PageQuery, cut, page_of
from billingportal.api.kernel.operation import Group, Output, operation
from billingportal.api.kernel.types import PlanKey, ResourceKey
from billingportal.domain.offers import offers
from billingportal.domain.offers.offers import Choice, Offer
from billingportal.models import Plan, PlanQuota, Resource
from billingportal.models.plans.plan_quota import Reaction
from billingportal.models.plans.resource import ResourceKind, WhenUnreachable


class ResourceAnswer(Output):
    """A `gauge` is a level now, a `counter` adds up in a billing period. `unit` is the word after a number.

    `when_unreachable` is what your platform does while the portal cannot be reached: let clients go on (`open`) or
    stop new use (`closed`).
    """

    key: ResourceKey
    name: Annotated[str, Field(examples=["Contacts"])]
    unit: Annotated[str, Field(examples=["contacts"])]
    kind: ResourceKind
    when_unreachable: WhenUnreachable


class ResourceList(Output):
    """One page of resources. `next` is the `after` of the next page."""

    data: list[ResourceAnswer]
    next: str | None


class QuotaAnswer(Output):
    """The limit of a resource in a plan; null is unlimited."""

    resource: ResourceKey
    limit: int | None
    at_limit: Reaction


class PaymentAnswer(Output):
    """One way to pay for a plan. `quantities` are the resources that are sold by quantity, `metered` those by use."""

    interval: Annotated[str, Field(examples=["month"])]
    interval_count: int
    currencies: list[Annotated[str, Field(examples=["usd"])]]
    quantities: list[ResourceKey]
    metered: list[ResourceKey]


class PlanAnswer(Output):
    """A plan that is for sale in the key's mode. A plan without prices (`is_free`) can be given to a new client."""

    key: PlanKey
    name: Annotated[str, Field(examples=["Growth"])]
    description: Annotated[str, Field(examples=["For teams that talk to customers every day."])]
    is_free: bool
    is_default: bool
    is_on_request: bool
    trial_days: int
    quotas: list[QuotaAnswer]
    payments: list[PaymentAnswer]


class PlanList(Output):
    """One page of plans. `next` is the `after` of the next page."""

    data: list[PlanAnswer]
    next: str | None


@operation("GET", "/resources", scope="read", summary="List resources", answers={200: ResourceList})
def list_resources(session: Session, query: PageQuery) -> Answer:
    """What plans limit, oldest first. Hidden resources are left out."""
    statement = page_of(select(Resource).where(~Resource.is_hidden), Resource.id, query)
    shown, following = cut(session.scalars(statement).all(), query, lambda row: row.id)
    return Answer(200, ResourceList(data=[of_resource(row) for row in shown], next=following))


@operation("GET", "/plans", scope="read", summary="List plans for sale", answers={200: PlanList})
def list_plans(call: Call, session: Session, query: PageQuery) -> Answer:
    """The active plans, oldest first. One that is not for sale in the key's mode is left out."""
    statement = page_of(select(Plan).where(Plan.state == "active"), Plan.id, query)
    shown, following = cut(session.scalars(statement).all(), query, lambda row: row.id)
    sold = [one for one in offers.offers(session, shown, call.mode) if one.is_for_sale]
    return Answer(200, PlanList(data=[of_offer(one) for one in sold], next=following))


def of_resource(resource: Resource) -> ResourceAnswer:
    return ResourceAnswer(
        key=resource.key,
        name=resource.name,
        unit=resource.unit,
        kind=resource.kind,
        when_unreachable=resource.when_unreachable,
    )


def of_offer(offer: Offer) -> PlanAnswer:
    plan = offer.plan
    return PlanAnswer(
        key=plan.key,
        name=plan.name,
        description=plan.description,
        is_free=offer.is_free,
        is_default=plan.is_default,
        is_on_request=plan.is_on_request,
        trial_days=plan.trial_days,
        quotas=[of_quota(row) for row in plan.quotas if not row.resource.is_hidden],
        payments=[of_choice(choice) for choice in offer.choices],
    )


def of_quota(row: PlanQuota) -> QuotaAnswer:
    return QuotaAnswer(resource=row.resource.key, limit=row.quota, at_limit=row.reaction)


def of_choice(choice: Choice) -> PaymentAnswer:
    interval, count = choice.period
    return PaymentAnswer(
        interval=interval,
        interval_count=count,
        currencies=list(choice.currencies),
        quantities=[one.resource.key for one in choice.quantities if one.resource],
        metered=[one.resource.key for one in choice.usages if one.resource],
    )


GROUP = Group("Catalog", "What plans limit, and what is for sale.", (list_resources, list_plans))
