import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingportal.web.common.urls import own_path


@pytest.mark.parametrize("path", ["/", "/profile", "/saas/events?state=failed&page=2", "/a#b"])
def test_own_paths_are_followed(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "elsewhere",
    [None, "", "profile", "https://evil.example", "//evil.example", "/\\evil.example", "/\n/evil.example", "/\x00"],
)
def test_nothing_else_is_followed(elsewhere: str | None) -> None:
    assert own_path(elsewhere) is None


@given(st.text(alphabet="/\\:@.?#%ae \t\n\r", max_size=12))
def test_whatever_is_followed_stays_on_this_site(value: str) -> None:
    followed = own_path(value)
    if followed is not None:
        assert followed.startswith("/")
        assert followed[1:2] not in ("/", "\\")
