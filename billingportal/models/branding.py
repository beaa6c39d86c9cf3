"""The look of the partner's public pages: one row of settings, and the pictures."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.plain_json import Json

PictureUse = Literal["logo_light", "logo_dark", "favicon"]


class Branding(Base):
    """At most one row, with id 1. `embedding_origins` are the sites that may embed the pricing page."""

    __tablename__ = "branding"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(60))
    colour: Mapped[str] = mapped_column(String(7))
    headline: Mapped[str] = mapped_column(String(100), default="")
    privacy_url: Mapped[str] = mapped_column(String(500), default="")
    terms_url: Mapped[str] = mapped_column(String(500), default="")
    contact_url: Mapped[str] = mapped_column(String(500), default="")
    embedding_origins: Mapped[list[Json]] = mapped_column(default=list)
    updated_at: Mapped[datetime]


class BrandPicture(Base):
    """A validated, re-encoded picture. `digest` is the hash of its content, used in its URL."""

    __tablename__ = "brand_picture"

    use: Mapped[PictureUse] = mapped_column(String(12), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(40))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime]
