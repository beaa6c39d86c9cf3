"""Every operation of the API, in the order of the documentation."""

from functools import cache

from billingportal.api import catalog, client_access, clients, entitlements, reservations, usage, workspaces
from billingportal.api.document.openapi import as_bytes, document_of
from billingportal.api.kernel.operation import Group, Operation

GROUPS: tuple[Group, ...] = (
    clients.GROUP,
    client_access.GROUP,
    workspaces.GROUP,
    entitlements.GROUP,
    usage.GROUP,
    reservations.GROUP,
    catalog.GROUP,
)


@cache
def openapi_document() -> bytes:
    """The OpenAPI document as it is sent."""
    return as_bytes(document_of(GROUPS))


def all_operations() -> tuple[Operation, ...]:
    return tuple(one for group in GROUPS for one in group.operations)
