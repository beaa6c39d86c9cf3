"""Usage: the host platform reports what its workspaces use, takes reports back, and reads what was counted."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from billingportal.api.ids import ClientText, WorkspaceText
from billingportal.api.kernel.answers import Answer
from billingportal.api.kernel.call import Call
from billingportal.api.kernel.operation import Group, Input, Output, operation
from billingportal.api.kernel.problems import Problem
from billingportal.api.kernel.types import ONE_LINE, Moment, Reason, ResourceKey
from billingportal.api.usage_lists import list_usage
from billingportal.api.usage_records import list_records
from billingportal.domain.common.references import Ref, read_ref
from billingportal.domain.subscriptions.client_clock import clock_times
from billingportal.domain.usage.records import take_records
from billingportal.domain.usage.reports import Reason as Refusal
from billingportal.domain.usage.reports import Report, Result, Taken, no_clocks
from billingportal.domain.usage.taking_back import take_back
from billingportal.plain_json import JsonObject

RecordKey = Annotated[
    str,
    Field(
        min_length=1,
        max_length=120,
        pattern=ONE_LINE,
        description="Your own key of the record: it is counted once for ever, however often it comes.",
        examples=["evt_1001"],
    ),
]
AMOUNT = "A whole number. One that is out of range is refused with a reason, and costs the other records nothing."
ONE_OF_EACH: JsonDict = {
    "allOf": [
        {"oneOf": [{"required": ["workspace"]}, {"required": ["client"]}]},
        {"oneOf": [{"required": ["quantity"]}, {"required": ["level"]}]},
    ],
    "examples": [{"key": "evt_1001", "workspace": "external:a1", "resource": "contacts", "level": 420}],
}


class NewRecord(Input):
    """What was used: the `quantity` of a counter (1 to 10^12), or the `level` of a gauge (0 to 10^12).

    It names a `workspace`, or the `client` where you count for all its workspaces at once. `at` is when it was used,
    at most 35 days ago and 5 minutes ahead; the time of arrival if it is left out.
    """

    model_config = ConfigDict(json_schema_extra=ONE_OF_EACH)

    key: RecordKey
    workspace: WorkspaceText | SkipJsonSchema[None] = None
    client: ClientText | SkipJsonSchema[None] = None
    resource: ResourceKey
    quantity: Annotated[int, Field(description=AMOUNT)] | SkipJsonSchema[None] = None
    level: Annotated[int, Field(description=AMOUNT)] | SkipJsonSchema[None] = None
    at: Moment | SkipJsonSchema[None] = None

    @model_validator(mode="after")
    def has_one_of_each(self) -> "NewRecord":
        if (self.workspace is None) == (self.client is None):
            raise ValueError("Name either a workspace or a client.")
        if (self.quantity is None) == (self.level is None):
            raise ValueError("Give either a quantity or a level.")
        return self


class NewRecords(Input):
    """A batch. 500 records at a time are a good measure."""

    records: Annotated[list[NewRecord], Field(min_length=1, max_length=1000)]


class TakenRecord(Output):
    """What became of a record. `reason` says why it was refused.

    `used` and `limit` are the client's now; `limit` null is unlimited; both are null where the record names nothing
    that is known. `over`: more is used than the limit.
    """

    key: str
    result: Result
    reason: Refusal | None
    used: int | None
    limit: int | None
    over: bool


class TakenRecords(Output):
    """How many records were accepted, were there already, and were refused; and each of them, in your order."""

    accepted: int
    duplicates: int
    refused: int
    records: list[TakenRecord]


class TakenBackRecord(Output):
    """A record that no longer counts. `used` and `limit` are the client's now; `limit` null is unlimited."""

    key: str
    taken_back_at: datetime
    reason: str
    used: int
    limit: int | None
    over: bool


class TakeBackQuery(Input):
    """Why the record was a mistake."""

    reason: Reason


@operation("POST", "/usage", scope="usage", summary="Report usage", answers={200: TakenRecords})
def report_usage(call: Call, connection: Connection, body: NewRecords) -> Answer:
    """Count records, each once for ever. A duplicate or a refused record costs the others nothing.

    Accepted means stored durably and counted. Send a batch again, whole or in other pieces, until it is answered:
    records that were taken are duplicates then. A key whose content differs is refused with `key_reused`; keys that
    begin with `rsv_` are those of reservations.
    """
    reports = [report_of(one) for one in body.records]
    taken = take_records(connection, call.mode, reports, clock_times if call.mode == "test" else no_clocks)
    results = [one.result for one in taken]
    document: JsonObject = {
        "accepted": results.count("accepted"),
        "duplicates": results.count("duplicate"),
        "refused": results.count("refused"),
        "records": [json_of(one) for one in taken],
    }
    return Answer(200, document)


@operation(
    "DELETE",
    "/usage/{key}",
    scope="usage",
    summary="Take a record back",
    answers={200: TakenBackRecord},
    problems=("not_found",),
)
def take_back_record(call: Call, session: Session, key: RecordKey, query: TakeBackQuery) -> Answer:
    """Count a record that was a mistake no longer. Its key stays used. Doing it twice is fine."""
    done = take_back(session, call.mode, key, query.reason, clock_times)
    if done is None or done.record.taken_back_at is None:
        raise Problem("not_found", f"There is no record with the key {key[:200]} in this mode.")
    record, use = done.record, done.use
    return Answer(
        200,
        TakenBackRecord(
            key=record.key,
            taken_back_at=done.record.taken_back_at,
            reason=record.taken_back_because,
            used=use.used,
            limit=use.limit,
            over=use.over,
        ),
    )


def report_of(sent: NewRecord) -> Report:
    workspace = None if sent.workspace is None else read_ref("workspace", sent.workspace) or Ref()
    client = None if sent.client is None else read_ref("client", sent.client) or Ref()
    if sent.level is not None:
        return Report(sent.key, workspace, client, sent.resource, sent.level, "level", sent.at)
    return Report(sent.key, workspace, client, sent.resource, sent.quantity or 0, "quantity", sent.at)


def json_of(taken: Taken) -> JsonObject:
    return {
        "key": taken.key,
        "result": taken.result,
        "reason": taken.reason,
        "used": taken.used,
        "limit": taken.limit,
        "over": taken.over,
    }


GROUP = Group(
    "Usage",
    "Report what your workspaces use, in batches. Each record is counted once for ever, by its key.",
    (report_usage, take_back_record, list_usage, list_records),
)
