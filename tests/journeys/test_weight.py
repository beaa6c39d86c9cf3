import pytest

from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import sign_in
from tests.support.browser import weighed

pytestmark = pytest.mark.browser

FIRST_LOAD = 110_000
LATER_PAGES = 10_000


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_first_page_weighs_at_most_110_kb_and_later_ones_10_kb(open_page: OpenPage) -> None:
    page, _ = open_page()
    sign_in(page)
    with weighed(page, cold=True) as first:
        page.goto("/saas/payment-processor", wait_until="networkidle")
    assert 90_000 < sum(first) <= FIRST_LOAD
    for path in ("/saas/events", "/profile"):
        with weighed(page) as later:
            page.goto(path, wait_until="networkidle")
        assert 1_000 < sum(later) <= LATER_PAGES, path
