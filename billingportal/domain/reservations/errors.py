"""What a reservation cannot be made, confirmed or released for."""

from billingportal.errors import PortalError


class UnknownWorkspace(PortalError):
    """The mode has no such workspace."""


class UnknownResource(PortalError):
    """There is no resource with this key."""


class UnknownReservation(PortalError):
    """The mode has no such reservation."""


class ArchivedWorkspace(PortalError):
    """The workspace is archived: nothing new is used in it."""


class SettledReservation(PortalError):
    """The reservation was confirmed or released before."""


class TooMany(PortalError):
    """More was to be confirmed than was reserved."""
