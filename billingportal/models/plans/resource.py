"""A resource that plans count and limit: contacts, workspaces, or one that the partner adds."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey

ResourceKind = Literal["gauge", "counter"]
# What the host platform does while it cannot reach the portal: let clients go on, or stop new use.
WhenUnreachable = Literal["open", "closed"]


class Resource(Base):
    """A `gauge` is a level now; a `counter` adds up in a billing period. `key` names it in the API and never changes.

    `unit` is the word that pages show after a number: "5,000 contacts". Built-in ones can be hidden, not deleted.
    `warns_at_80`, `warns_at_100` and `warns_above_100` say at which use of a client's limit a warning is given;
    `warns_client`, `warns_staff` and `warns_platform` (the outgoing webhook) say to whom.
    """

    __tablename__ = "resource"
    __table_args__ = (
        CheckConstraint("kind IN ('gauge', 'counter')", name="kind"),
        CheckConstraint("when_unreachable IN ('open', 'closed')", name="when_unreachable"),
    )

    id: Mapped[PrimaryKey]
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    unit: Mapped[str] = mapped_column(String(40))
    kind: Mapped[ResourceKind] = mapped_column(String(8))
    is_built_in: Mapped[bool] = mapped_column(default=False)
    is_hidden: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    when_unreachable: Mapped[WhenUnreachable] = mapped_column(String(6), default="open")
    warns_at_80: Mapped[bool] = mapped_column(default=True)
    warns_at_100: Mapped[bool] = mapped_column(default=True)
    warns_above_100: Mapped[bool] = mapped_column(default=True)
    warns_client: Mapped[bool] = mapped_column(default=True)
    warns_staff: Mapped[bool] = mapped_column(default=True)
    warns_platform: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
