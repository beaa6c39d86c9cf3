"""Whether stored times have come, also after the clock was set back.

A lease or the pause before a retry is stored as the moment at which it ends. Once the clock is set back by a day, such
a moment lies a day ahead. None is set further ahead than the longest pause of its kind, so one that lies further away
was stamped by a clock that was ahead, and counts as come.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute

# The clocks of two machines that share a database may differ by this much.
SKEW = timedelta(minutes=1)


def is_due(
    column: InstrumentedAttribute[datetime | None], moment: datetime, longest_pause: timedelta
) -> ColumnElement[bool]:
    """The moment has come, or lies further ahead than any pause of its kind."""
    return or_(column <= moment, is_impossible(column, moment, longest_pause))


def is_impossible(
    column: InstrumentedAttribute[datetime | None] | InstrumentedAttribute[datetime],
    moment: datetime,
    longest_pause: timedelta = timedelta(0),
) -> ColumnElement[bool]:
    """The stored time lies further ahead than it is ever set. Without a pause: a time stored as past lies ahead."""
    return column > moment + longest_pause + SKEW
