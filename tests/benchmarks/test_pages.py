"""The pages of a business: they all come, and with more rows they ask the database no more often."""

import pytest

from benchmarks.business_pages import PAGES, measured
from benchmarks.databases import DATABASES


@pytest.mark.parametrize("kind", DATABASES)
def test_no_page_asks_more_often_when_there_are_more_rows(kind: str) -> None:
    # More than one page of clients in both, so that both show a full one.
    few = measured(kind, 60, 120, 100, rounds=1)
    many = measured(kind, 240, 2400, 600, rounds=1)

    assert {name: many[name][1] for name in PAGES} == {name: few[name][1] for name in PAGES}
