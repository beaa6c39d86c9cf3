"""Stripe's form encoding."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingportal.sandbox.http.errors import Refused
from billingportal.sandbox.http.form_encoding import decode
from billingportal.sandbox.http.wire import Document

names = st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=1, max_size=8)
trees = st.dictionaries(
    names,
    st.recursive(
        st.text(max_size=8),
        lambda inner: st.dictionaries(names, inner, min_size=1, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


def pairs(tree: Document, prefix: str = "") -> list[tuple[str, str]]:
    """The tree in bracketed names."""
    found: list[tuple[str, str]] = []
    for name, value in tree.items():
        path = f"{prefix}[{name}]" if prefix else name
        found += pairs(value, path) if isinstance(value, dict) else [(path, value)]
    return found


@given(trees)
def test_what_is_encoded_is_decoded(tree: Document) -> None:
    assert decode(urlencode(pairs(tree))) == tree


@pytest.mark.parametrize("text", ["a[b=1", "a]=1", "a=1&a[b]=2"])
def test_broken_brackets_and_contradictions_are_refused(text: str) -> None:
    with pytest.raises(Refused):
        decode(text)
