"""The selling settings: the fields of checkouts, and the changes that clients may make by themselves."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base

AddressCollection = Literal["auto", "required"]


class SellingSettings(Base):
    """At most one row; without it the defaults apply."""

    __tablename__ = "selling_settings"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("address_collection IN ('auto', 'required')", name="address_collection"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    allows_promotion_codes: Mapped[bool] = mapped_column(default=False)
    computes_tax: Mapped[bool] = mapped_column(default=False)
    collects_tax_id: Mapped[bool] = mapped_column(default=False)
    address_collection: Mapped[AddressCollection] = mapped_column(String(8), default="auto")
    allows_downgrade_at_once: Mapped[bool] = mapped_column(default=False)
    carries_trials_over: Mapped[bool] = mapped_column(default=False)
    confirms_addresses: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[datetime]
