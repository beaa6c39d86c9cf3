"""Records as the host platform reports them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy.orm import Session

from billingportal.domain.common.references import Ref
from billingportal.domain.subscriptions.client_clock import clock_times
from billingportal.domain.usage.records import take_records
from billingportal.domain.usage.reports import Report, Taken
from billingportal.models import Resource, Workspace


def report_level(session: Session, workspace: Workspace, resource_id: int, level: int) -> None:
    """Report the present level of a workspace's gauge."""
    key = session.get_one(Resource, resource_id).key
    report = Report(uuid4().hex, Ref(id=workspace.id), None, key, level, "level")
    (taken,) = take_records(session, workspace.mode, [report], clock_times)
    assert taken.result == "accepted"


def quantity(key: str, workspace: str, resource: str, amount: int, at: datetime | None = None) -> Report:
    """What a workspace used of a counter."""
    return Report(key, Ref(external_id=workspace), None, resource, amount, "quantity", at)


def level(key: str, workspace: str, resource: str, amount: int, at: datetime | None = None) -> Report:
    """The level of a workspace's gauge."""
    return Report(key, Ref(external_id=workspace), None, resource, amount, "level", at)


def results(taken: Sequence[Taken]) -> list[str]:
    """What became of each record: its result, or the reason why it was refused."""
    return [one.reason or one.result for one in taken]
