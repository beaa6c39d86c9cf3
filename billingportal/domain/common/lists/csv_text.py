"""Rows as CSV text that spreadsheets read and do not run."""

import csv
import io
from collections.abc import Sequence

# Spreadsheets take a cell that starts with one of these for a formula and run it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Says that the text is UTF-8, which spreadsheets do not assume.
BYTE_ORDER_MARK = "\ufeff"


def text_of(rows: Sequence[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows([[harmless(cell) for cell in row] for row in rows])
    return written.getvalue()


def harmless(cell: str) -> str:
    """The cell as plain text, even if it looks like a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
