"""Email addresses: one form for all spellings of an address, and never one form for two addresses."""

import hypothesis
import pytest
from hypothesis import strategies as st

from billingportal.domain.common.email_addresses import canonical_address, checked_address, is_possible
from billingportal.errors import Refusal

LOCAL_PARTS = st.from_regex(r"[a-z0-9+_-]{1,12}(\.[a-z0-9+_-]{1,12})?", fullmatch=True)
DOMAINS = st.sampled_from(["quayside.example", "münchen.example", "straße.example", "例え.example", "a-b.c.example"])


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        (" Front@Quayside.Example ", "front@quayside.example"),
        ("front@MÜNCHEN.example", "front@xn--mnchen-3ya.example"),
        ("front@XN--MNCHEN-3YA.example", "front@xn--mnchen-3ya.example"),
        ("front@mu\u0308nchen.example", "front@xn--mnchen-3ya.example"),
        ("front@quayside。example", "front@quayside.example"),
        ("f.r.o.n.t+desk@quayside.example", "f.r.o.n.t+desk@quayside.example"),
        ("front@a..com", "front@a..com"),
        ("no address", "no address"),
    ],
)
def test_all_spellings_of_an_address_have_one_form(typed: str, canonical: str) -> None:
    assert canonical_address(typed) == canonical


def test_two_domains_are_never_one() -> None:
    """IDNA 2003, which Python's own codec speaks, makes one of these two."""
    assert canonical_address("a@straße.example") != canonical_address("a@strasse.example")


@hypothesis.given(LOCAL_PARTS, DOMAINS)
def test_spelling_changes_nothing_and_dots_and_plus_signs_count(local_part: str, domain: str) -> None:
    address = f"{local_part}@{domain}"
    form = canonical_address(address)
    assert form.isascii()
    assert canonical_address(form) == form
    in_ascii = form.rpartition("@")[2]
    for spelling in (f"{local_part.upper()}@{domain}", f"{local_part}@{in_ascii.upper()}", f" {address}\n"):
        assert canonical_address(spelling) == form
    assert form.startswith(f"{local_part}@")


@hypothesis.given(st.text(max_size=300))
def test_any_text_has_a_form_which_stays_the_same(text: str) -> None:
    form = canonical_address(text)
    assert canonical_address(form) == form
    assert is_possible(text) == is_possible(form)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "front desk",
        "@quayside.example",
        "front@",
        "front@localhost",
        "x@a..com",
        "x@.a.com",
        "x@a.com.",
        "x..y@a.com",
        ".x@a.com",
        "x.@a.com",
        "x@-a.com",
        "x@a_b.com",
        "x@192.0.2.7",
        "x@[192.0.2.7]",
        "x y@a.com",
        "x@a@b.com",
        '"x y"@a.com',
        "x@a.com,y@a.com",
        "Mara <x@a.com>",
        "x@a.com\nBcc: y@a.com",
        "jürgen@a.com",
        f"{'x' * 65}@a.com",
        f"x@{'a' * 64}.com",
        f"x@{'a.' * 125}com",
    ],
)
def test_impossible_addresses_are_refused(typed: str) -> None:
    with pytest.raises(Refusal, match="This is not an email address"):
        checked_address(typed)


def test_a_checked_address_stays_as_it_was_typed_in_lower_case() -> None:
    assert checked_address(" Front@MÜNCHEN.example ") == "front@münchen.example"
