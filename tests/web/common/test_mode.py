import pytest

from tests.support.pages import Visitor, text_of


def test_the_admin_looks_at_test_mode_first_and_every_page_says_so(signed_in: Visitor) -> None:
    page = signed_in.get("/profile")
    assert "Test mode No real money moves." in text_of(page)
    assert "<title>Your profile (test mode) · Billing Portal</title>" in page.text


def test_switching_goes_back_to_the_same_page_and_lasts(signed_in: Visitor) -> None:
    answer = signed_in.submit("/mode", {"mode": "live", "next": "/profile?tab=1"})
    assert (answer.status_code, answer.location) == (303, "/profile?tab=1")
    page = signed_in.get("/profile")
    assert "Live mode" in text_of(page)
    assert "<title>Your profile · Billing Portal</title>" in page.text
    signed_in.submit("/mode", {"mode": "test", "next": "/profile"})
    assert "Test mode" in text_of(signed_in.get("/profile"))


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", ""])
def test_switching_leads_nowhere_else(signed_in: Visitor, elsewhere: str) -> None:
    assert signed_in.submit("/mode", {"mode": "live", "next": elsewhere}).location == "/"


def test_an_unknown_mode_changes_nothing(signed_in: Visitor) -> None:
    signed_in.submit("/mode", {"mode": "free", "next": "/profile"})
    assert "Test mode" in text_of(signed_in.get("/profile"))
