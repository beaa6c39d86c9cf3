"""The errors that the domain raises. Web pages and commands show their messages."""


class PortalError(Exception):
    """Base of every error that the portal raises on purpose."""


class Refusal(PortalError):
    """The request cannot be done as asked. `field` names the form field at fault, or is empty."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class AlreadyTaken(Refusal):
    """Another row has this external id."""


class Conflict(PortalError):
    """Another person or process changed the same row first. The message says what to do."""


class DatabaseBusy(PortalError):
    """Another write takes too long, so this one left the queue. Nothing of it was done."""

    def __init__(self) -> None:
        super().__init__("somebody else has been writing to the database for too long")


class WrongSetting(PortalError):
    """A setting has a value that the portal cannot start with."""

    def __init__(self, variable: str, expected: str) -> None:
        super().__init__(f"{variable}: {expected}")
        self.variable = variable
        self.expected = expected
