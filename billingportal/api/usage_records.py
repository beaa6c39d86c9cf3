"""The records that the host platform reported."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.api.ids import ClientText, WorkspaceText
from billingportal.api.kernel.answers import Answer
from billingportal.api.kernel.call import Call
from billingportal.api.kernel.lists import PageQuery, cut, page_of
from billingportal.api.kernel.operation import Output, operation
from billingportal.api.kernel.problems import Problem
from billingportal.api.kernel.types import Moment, ResourceKey
from billingportal.api.usage_filters import filters, workspace_of
from billingportal.domain.common.references import public_id
from billingportal.models import Resource, UsageRecord


class RecordQuery(PageQuery):
    """Whose records, of what, used when."""

    client: ClientText
    workspace: WorkspaceText | None = None
    resource: ResourceKey | None = None
    since: Annotated[Moment | None, Field(alias="from", description="Used at this time or later.")] = None
    until: Annotated[Moment | None, Field(alias="to", description="Used before this time.")] = None


class RecordAnswer(Output):
    """A record. `quantity` is a counter's, `level` a gauge's. `workspace` is null for a whole client."""

    key: str
    client: Annotated[str, Field(examples=["cl_42"])]
    workspace: Annotated[str | None, Field(examples=["ws_7"])]
    resource: ResourceKey
    quantity: int | None
    level: int | None
    at: datetime
    received_at: datetime
    taken_back_at: datetime | None
    taken_back_because: str


class RecordList(Output):
    """One page of records. `next` is the `after` of the next page."""

    data: list[RecordAnswer]
    next: str | None


@operation(
    "GET",
    "/usage/records",
    scope="read",
    summary="List records",
    answers={200: RecordList},
    problems=("client_not_found", "workspace_not_found", "resource_not_found"),
)
def list_records(call: Call, session: Session, query: RecordQuery) -> Answer:
    """The records of a client in the order of their arrival, those that were taken back too. Kept for 100 days."""
    wanted = [*filters(call, session, query, UsageRecord)]
    if query.since is not None:
        wanted.append(UsageRecord.at >= in_utc(query.since))
    if query.until is not None:
        wanted.append(UsageRecord.at < in_utc(query.until))
    found = select(UsageRecord, Resource).join(Resource, Resource.id == UsageRecord.resource_id).where(*wanted)
    rows = session.execute(page_of(found, UsageRecord.id, query)).all()
    shown, following = cut(rows, query, lambda row: row[0].id)
    return Answer(200, RecordList(data=[record_answer(*row) for row in shown], next=following))


def record_answer(record: UsageRecord, resource: Resource) -> RecordAnswer:
    is_gauge = resource.kind == "gauge"
    return RecordAnswer(
        key=record.key,
        client=public_id("client", record.client_id),
        workspace=workspace_of(record.workspace_id),
        resource=resource.key,
        quantity=None if is_gauge else record.amount,
        level=record.amount if is_gauge else None,
        at=record.at,
        received_at=record.received_at,
        taken_back_at=record.taken_back_at,
        taken_back_because=record.taken_back_because,
    )


def in_utc(moment: datetime) -> datetime:
    """Raises Problem for the hours at either end of the calendar that have no UTC."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Problem("invalid", "There is no such time in UTC.") from None
