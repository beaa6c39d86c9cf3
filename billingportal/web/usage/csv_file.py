"""Tables of usage as CSV files, for spreadsheets."""

from collections.abc import Iterable, Sequence

from flask import Response

from billingportal.clock import now
from billingportal.domain.common.lists.csv_text import BYTE_ORDER_MARK, text_of


def csv_response(name: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """A file of these rows, named after its subject and today."""
    content = BYTE_ORDER_MARK + text_of([headings, *rows])
    file_name = f"{name}-{now().date().isoformat()}.csv"
    return Response(
        content, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{file_name}"'}
    )
