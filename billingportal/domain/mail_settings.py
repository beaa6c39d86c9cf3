"""The partner's mail server, through which clients are written to."""

from sqlalchemy.orm import Session

from billingportal.models import MailSettings

THE_ROW = 1


def find(session: Session) -> MailSettings | None:
    """What was saved, if anything was."""
    return session.get(MailSettings, THE_ROW)


def is_on(session: Session) -> bool:
    """Whether letters are sent."""
    found = find(session)
    return found is not None and found.is_on
