"""The laws of the house that a template can break without anybody noticing at once."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
FORBIDDEN = {
    "an inline style": r"\sstyle=|<style",
    "an inline handler": r"\son[a-z]+=",
    "an inline script": r"<script(?![^>]*\ssrc=)",
    "markup without escaping": r"\|\s*safe\b",
    "htmx that needs eval": r"hx-on|js:|javascript:|hx-live|hx-trigger=\"[^\"]*\[",
    "an address of somebody else": r"(?:src|href)=\"(?:https?:)?//(?!dashboard\.stripe\.com|docs\.stripe\.com)",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_has(what: str) -> None:
    for template in TEMPLATES:
        assert re.findall(FORBIDDEN[what], template.read_text()) == [], template


def test_every_form_that_posts_carries_the_token() -> None:
    for template in TEMPLATES:
        for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", template.read_text(), flags=re.S):
            assert "csrf_field()" in form, template


def test_only_one_file_spells_the_headers_of_htmx() -> None:
    for path in (ROOT / "billingportal").rglob("*.py"):
        if path.name != "htmx.py":
            assert not re.search(r"\bHX-[A-Z]", path.read_text()), path
