"""Types of fields that several operations share."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from billingportal.domain.common.email_addresses import checked_address
from billingportal.errors import Refusal

# One line of text. Both databases refuse a null character, and no name has a line break.
ONE_LINE = r"^[^\u0000-\u001f\u007f]*$"
RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)

ExternalId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=120,
        pattern=ONE_LINE,
        description="Your own id. Unique among those of the mode.",
        examples=["4711"],
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=ONE_LINE, examples=["Harbor Dental"])]


def read_email(value: str) -> str:
    """The address in its stored form. Raises ValueError."""
    try:
        return checked_address(value)
    except Refusal as refusal:
        raise ValueError(refusal.message) from None


Email = Annotated[
    str,
    AfterValidator(read_email),
    Field(
        min_length=3,
        max_length=254,
        pattern=ONE_LINE,
        description="Invoices and payment emails go to it.",
        examples=["office@harbor.example"],
        json_schema_extra={"format": "email"},
    ),
]
# The same in answers, where nothing is checked: staff and older rows may have other texts.
ShownExternalId = Annotated[str, Field(examples=["4711"])]
ShownName = Annotated[str, Field(examples=["Harbor Dental"])]
ShownEmail = Annotated[str, Field(examples=["office@harbor.example"])]
Reason = Annotated[str, Field(min_length=1, max_length=200, pattern=ONE_LINE, examples=["Sends spam"])]
PlanKey = Annotated[str, Field(max_length=40, description="The key of a plan: see `GET /plans`.", examples=["growth"])]
ResourceKey = Annotated[
    str, Field(max_length=40, description="The key of a resource: see `GET /resources`.", examples=["contacts"])
]


def read_moment(value: object) -> object:
    """A time of RFC 3339 with its offset, aware. Raises ValueError; a datetime is let through."""
    if not isinstance(value, str):
        return value
    if not RFC_3339.fullmatch(value):
        raise ValueError("It has to be a time such as 2026-11-26T10:02:00Z, with its offset.")
    whole, _, fraction = value.upper().replace("Z", "+00:00").partition(".")
    if fraction:
        # Python reads six digits at most.
        digits = re.match(r"\d+", fraction)
        kept = digits.group()[:6] if digits else ""
        whole += f".{kept:0<6}{fraction[len(digits.group()) if digits else 0 :]}"
    try:
        return datetime.fromisoformat(whole)
    except ValueError:
        raise ValueError("There is no such day or time.") from None


# A time in a request. Answers have plain `datetime`, which is written in UTC with a Z.
Moment = Annotated[
    datetime,
    BeforeValidator(read_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-26T10:02:00Z"]}),
]
