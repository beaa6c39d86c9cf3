from tests.support.pages import Visitor


def test_the_profile_shows_who_is_signed_in(signed_in: Visitor) -> None:
    page = signed_in.get("/profile")
    assert page.status_code == 200
    assert "owner@example.com" in page.text
