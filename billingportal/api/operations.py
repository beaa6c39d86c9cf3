"""Every operation of the API, in the order of the documentation."""

from billingportal.api import clients
from billingportal.api.kernel.operation import Group, Operation

GROUPS: tuple[Group, ...] = (clients.GROUP,)


def all_operations() -> tuple[Operation, ...]:
    return tuple(one for group in GROUPS for one in group.operations)
