import re
from pathlib import Path

import pytest

from billingportal.web.common.rendering.icons import FOLDER, icon

ROOT = Path(__file__).resolve().parents[4]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Where templates name icons: icon('x'), symbol='x', symbols of macros given in order, and the usual ones per kind.
NAMED = [
    r"icon\('([a-z0-9-]+)'",
    r"symbol='([a-z0-9-]+)'",
    r"ui\.(?:item|empty)\('([a-z0-9-]+)'",
    r"'(?:ok|warn|bad|info|mute|busy)': '([a-z0-9-]+)'",
]


def test_templates_name_icons_that_are_there() -> None:
    for template in TEMPLATES:
        for pattern in NAMED:
            for name in re.findall(pattern, template.read_text()):
                assert (FOLDER / f"{name}.svg").exists(), f"{template}: bin/icons {name}"


def test_an_unknown_icon_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        icon("no-such-icon")


def test_an_icon_is_hidden_from_assistive_technology_and_takes_classes() -> None:
    drawing = icon("eye", "spin")
    assert drawing.startswith('<svg class="icon spin" ')
    assert 'aria-hidden="true"' in drawing


def test_classes_are_escaped() -> None:
    assert "<script>" not in icon("eye", '"><script>')
