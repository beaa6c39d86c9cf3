"""SVG: shapes and colours pass, nothing that can act or reach out does."""

import pytest

from billingportal.domain.branding.images import reencode
from billingportal.errors import Refusal

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 8 8"'


def clean(inside: str, attributes: str = "") -> str:
    picture = reencode("logo_light", f"{HEAD} {attributes}>{inside}</svg>".encode())
    assert picture.media_type == "image/svg+xml"
    return picture.content.decode()


def test_shapes_gradients_and_clips_pass() -> None:
    gradient = '<defs><linearGradient id="a" x1="0"><stop offset="1" stop-color="#fff" /></linearGradient></defs>'
    drawing = '<g fill="url(#a)" clip-path="url(\'#b\')"><path d="M0 0h8" /><circle cx="4" cy="4" r="2" /></g>'
    assert (
        clean(gradient + drawing)
        == f'<svg viewBox="0 0 8 8" xmlns="http://www.w3.org/2000/svg">{gradient + drawing}</svg>'
    )


def test_inline_styles_become_attributes() -> None:
    assert '<path d="M0 0" fill="#fff" />' in clean('<path d="M0 0" fill="red" style="fill:#fff; behavior: url(x)"/>')


def test_what_editors_leave_behind_is_left_out() -> None:
    leftovers = '<!-- drawn at home --><metadata>me</metadata><title>Logo</title><x:view xmlns:x="urn:x"/><?x y?>'
    assert clean(leftovers) == '<svg viewBox="0 0 8 8" xmlns="http://www.w3.org/2000/svg" />'


@pytest.mark.parametrize(
    "attribute",
    [
        'onload="alert(1)"',
        'fill="url(https://evil.example/x)"',
        'fill="u\\72l(https://evil.example/x)"',
        'style="fill:url(//evil.example/x)"',
        'href="https://evil.example/"',
        'xlink:href="javascript:alert(1)"',
        'mask="url(data:image/svg+xml,x)"',
        'class="a"',
        'requiredExtensions="x"',
    ],
)
def test_attributes_that_act_or_reach_out_are_left_out(attribute: str) -> None:
    bare = '<svg viewBox="0 0 8 8" xmlns="http://www.w3.org/2000/svg"><path d="M0 0" /></svg>'
    assert clean(f'<path d="M0 0" {attribute}/>') == bare
    if not attribute.startswith(("fill", "mask", "class")):
        assert clean('<path d="M0 0"/>', attribute) == bare


@pytest.mark.parametrize(
    "element",
    ["script", "style", "foreignObject", "image", "use", "a", "animate", "set", "text", "filter", "iframe", "handler"],
)
def test_elements_that_would_be_missed_are_refused_by_name(element: str) -> None:
    with pytest.raises(Refusal, match=f"“{element}”.*Upload a PNG instead"):
        clean(f"<g><{element}/></g>")


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (f'<!DOCTYPE svg [<!ENTITY a "ha">]>{HEAD}>&a;</svg>'.encode(), "entities"),
        (f"{HEAD}><path></svg>".encode(), "cannot be read"),
        (f"{HEAD}>".encode() + b"\xff</svg>", "cannot be read"),
        (f'<?xml version="1.0" encoding="utf-16"?>{HEAD}/>'.encode("utf-16"), "not a picture"),
        (b"<?xml version='1.0'?><html/>", "not an SVG picture"),
        (b"<svg/>", "not an SVG picture"),
        (f"{HEAD}>{'<g/>' * 5001}</svg>".encode(), "too many parts"),
        (f"{HEAD}>{'<g>' * 60}{'</g>' * 60}</svg>".encode(), "too many parts inside each other"),
    ],
)
def test_what_cannot_be_judged_is_refused(upload: bytes, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        reencode("favicon", upload)
