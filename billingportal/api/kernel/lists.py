"""Lists: at most `limit` rows in the order of their ids, and an opaque cursor to those after them."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar, TypeVarTuple

from pydantic import Field
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from billingportal.api.kernel.operation import Input
from billingportal.api.kernel.problems import FieldError, Problem
from billingportal.limits import LARGEST_BIG_ID, whole_number

MARK = "after:"
Row = TypeVar("Row")
Ts = TypeVarTuple("Ts")


class PageQuery(Input):
    """The parameters of every list."""

    limit: Annotated[int, Field(ge=1, le=100, description="How many at most.")] = 25
    after: Annotated[
        str | None, Field(max_length=100, description="`next` of the page before, which goes on after it.")
    ] = None


def page_of(statement: Select[*Ts], id_column: InstrumentedAttribute[int], query: PageQuery) -> Select[*Ts]:
    """The statement for one page, and one row more, which shows whether there is another page. Raises Problem."""
    ordered = statement.order_by(id_column).limit(query.limit + 1)
    return ordered if query.after is None else ordered.where(id_column > read_cursor(query.after))


def cut(rows: Sequence[Row], query: PageQuery, id_of: Callable[[Row], int]) -> tuple[Sequence[Row], str | None]:
    """The rows of the page, and the cursor to the next one; None on the last page."""
    shown = rows[: query.limit]
    return shown, write_cursor(id_of(shown[-1])) if len(rows) > len(shown) else None


def write_cursor(row_id: int) -> str:
    return base64.urlsafe_b64encode(f"{MARK}{row_id}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> int:
    """The id after which the page begins. Raises Problem."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    number = whole_number(text.removeprefix(MARK), LARGEST_BIG_ID) if text.startswith(MARK) else None
    if number is None:
        words = "It is no `next` of this list."
        raise Problem("invalid", "1 field is wrong.", (FieldError(words, parameter="after"),))
    return number
