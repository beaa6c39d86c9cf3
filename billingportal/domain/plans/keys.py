"""Keys by which the API names plans and resources. A key is made from the first name, and never changes."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.models import Plan, Resource

LONGEST = 36


def free_key(session: Session, table: type[Plan] | type[Resource], name: str) -> str:
    """A key for a new row: `team_members`, or `team_members_2` if that is taken."""
    base = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:LONGEST] or table.__tablename__
    taken = set(session.scalars(select(table.key).where(table.key.startswith(base, autoescape=True))))
    candidates = (base if number == 1 else f"{base}_{number}" for number in range(1, len(taken) + 2))
    return next(key for key in candidates if key not in taken)
