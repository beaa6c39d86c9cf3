"""What a report means, and why it is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from billingportal.clock import now
from billingportal.db import Database
from billingportal.domain.common.references import Ref
from billingportal.domain.usage.counting.references import (
    FoundResource,
    FoundWorkspace,
    find_clients,
    find_resources,
    find_workspaces,
    lock_clients,
)
from billingportal.domain.usage.reports import ClockTimes, Reason, Report
from billingportal.models.connection.processor_account import Mode

LARGEST = 10**12
EARLIEST = timedelta(days=35)
LATEST = timedelta(minutes=5)
# Counted by the portal itself.
WORKSPACES = "workspaces"
# Keys of records that confirmed reservations make.
RESERVATION_PREFIX = "rsv_"


@dataclass(frozen=True)
class Meant:
    """A report with the rows that it names; None where there is none. `at` is in the client's time."""

    report: Report
    client_id: int | None
    workspace_id: int | None
    resource: FoundResource | None
    at: datetime
    reason: Reason | None

    @property
    def pair(self) -> tuple[int, int] | None:
        """The client and resource, where both are known."""
        return None if self.client_id is None or self.resource is None else (self.client_id, self.resource.id)


@dataclass(frozen=True)
class Named:
    """The rows that a batch names, and the time of its clients."""

    workspaces: Mapping[Ref, FoundWorkspace]
    clients: Mapping[Ref, int]
    resources: Mapping[str, FoundResource]
    clocks: Mapping[int, datetime]
    moment: datetime

    def time_of(self, client_id: int) -> datetime:
        return self.clocks.get(client_id, self.moment)


def find_named(database: Database, mode: Mode, reports: Sequence[Report], clock_times: ClockTimes) -> Named:
    """Find and lock the rows that the reports name, in a few statements."""
    workspaces = find_workspaces(database, mode, (one.workspace for one in reports if one.workspace))
    clients = find_clients(database, mode, (one.client for one in reports if one.client))
    client_ids = sorted({*clients.values(), *(one.client_id for one in workspaces.values())})
    lock_clients(database, client_ids)
    return Named(workspaces, clients, find_resources(database), clock_times(database, client_ids), now())


def understand(report: Report, named: Named) -> Meant:
    """The rows that a report names, and the first reason to refuse it."""
    workspace = named.workspaces.get(report.workspace) if report.workspace else None
    client_id = named.clients.get(report.client) if report.client else None
    client_id = workspace.client_id if workspace else client_id
    resource = named.resources.get(report.resource)
    present = named.moment if client_id is None else named.time_of(client_id)
    at = report.at or present
    reason = reason_of(report, workspace, client_id, resource) or reason_of_time(at, present)
    return Meant(report, client_id, workspace.id if workspace else None, resource, at, reason)


def reason_of(
    report: Report, workspace: FoundWorkspace | None, client_id: int | None, resource: FoundResource | None
) -> Reason | None:
    if client_id is None:
        return "unknown_workspace" if report.workspace else "unknown_client"
    if workspace is not None and workspace.is_archived:
        return "archived_workspace"
    if resource is None:
        return "unknown_resource"
    if (report.kind == "level") != (resource.kind == "gauge") or resource.key == WORKSPACES:
        return "wrong_kind"
    if not (0 if report.kind == "level" else 1) <= report.amount <= LARGEST:
        return "out_of_range"
    if resource.counts_events and report.amount != 1:
        return "quantity_not_one"
    return "key_reused" if report.key.startswith(RESERVATION_PREFIX) else None


def reason_of_time(at: datetime, present: datetime) -> Reason | None:
    if at > present + LATEST:
        return "in_the_future"
    return "too_old" if at < present - EARLIEST else None
