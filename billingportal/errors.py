"""What the domain may say no with. A door turns these into words on the page."""


class PortalError(Exception):
    """Base of every error that the portal raises on purpose."""


class Refusal(PortalError):
    """The request cannot be done as asked. `field` names the form field at fault, or is empty."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class Conflict(PortalError):
    """Somebody else changed the same thing first. The message says what to do."""


class DatabaseBusy(PortalError):
    """Somebody else's write takes too long, so this one gave up its place in the line. Nothing of it was done."""

    def __init__(self) -> None:
        super().__init__("somebody else has been writing to the database for too long")


class WrongSetting(PortalError):
    """A setting has a value that the portal cannot start with."""

    def __init__(self, variable: str, expected: str) -> None:
        super().__init__(f"{variable}: {expected}")
        self.variable = variable
        self.expected = expected
