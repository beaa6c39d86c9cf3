"""Rebuilds SVG pictures from allowed shapes and attributes. Refuses other SVG elements; drops the rest."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from billingportal.errors import Refusal

NAMESPACE = "{http://www.w3.org/2000/svg}"
SHAPES = {
    *("svg", "g", "defs", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
    *("linearGradient", "radialGradient", "stop", "clipPath", "mask"),
}
# Text for people and editors, never displayed; dropped.
UNSEEN = {"title", "desc", "metadata"}
GEOMETRY = {
    *("id", "viewBox", "preserveAspectRatio", "width", "height", "x", "y", "x1", "y1", "x2", "y2"),
    *("cx", "cy", "r", "rx", "ry", "fx", "fy", "fr", "d", "points", "transform", "pathLength"),
    *("gradientUnits", "gradientTransform", "spreadMethod", "offset", "clipPathUnits", "maskUnits", "maskContentUnits"),
}
LOOKS = {
    *("fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap"),
    *("stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "opacity", "color"),
    *("clip-path", "clip-rule", "mask", "stop-color", "stop-opacity", "display", "visibility", "vector-effect"),
}
LINKS = {"href", "{http://www.w3.org/1999/xlink}href"}
OWN_REFERENCE = re.compile(r"url\((['\"]?)#[\w.:-]+\1\)")
MOST_ELEMENTS = 5000
DEEPEST = 40


def is_vector(upload: bytes) -> bool:
    """Whether the content looks like SVG, whatever its file name."""
    return b"<svg" in upload[:4096] or upload.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<!DOCTYPE svg"))


def rewritten_vector(field: str, upload: bytes) -> bytes:
    """The SVG with its shapes and colours only. Raises Refusal for one that needs more, or cannot be read."""
    root = parsed(field, upload)
    if root.tag != f"{NAMESPACE}svg":
        raise Refusal(field, "This file is not an SVG picture. Upload a PNG instead.")
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        raise Refusal(field, "This SVG has too many parts. Upload a PNG instead.")
    clean = rebuilt(field, root, DEEPEST)
    clean.set("xmlns", NAMESPACE.strip("{}"))
    return ElementTree.tostring(clean)


def parsed(field: str, upload: bytes) -> ElementTree.Element:
    try:
        text = upload.decode("utf-8-sig")
        if "<!ENTITY" in text:
            raise Refusal(field, "This SVG defines entities, which can hide anything. Upload a PNG instead.")
        return ElementTree.fromstring(text)  # noqa: S314 it defines no entities, and is small
    except (UnicodeDecodeError, ElementTree.ParseError, ValueError):
        raise Refusal(field, "This SVG cannot be read. Export it again, or upload a PNG instead.") from None


def rebuilt(field: str, source: ElementTree.Element, depth: int) -> ElementTree.Element:
    name = source.tag.removeprefix(NAMESPACE)
    if name not in SHAPES or depth == 0:
        what = f"“{name[:40]}”" if depth else "too many parts inside each other"
        raise Refusal(field, f"This SVG holds {what}, which is not served here. Upload a PNG instead.")
    made = ElementTree.Element(name, dict(attributes(source)))
    for child in source:
        local = child.tag.removeprefix(NAMESPACE)
        if local != child.tag and local not in UNSEEN:
            made.append(rebuilt(field, child, depth - 1))
    return made


def attributes(source: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """The allowed, harmless attributes. Inline style declarations become attributes and override them."""
    for name, value in source.attrib.items():
        if name in LINKS and value.startswith("#"):
            yield "href", value
        elif name in GEOMETRY | LOOKS and is_harmless(value):
            yield name, value
    for declaration in source.attrib.get("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name in LOOKS and is_harmless(value):
            yield name, value


def is_harmless(value: str) -> bool:
    """Whether the value refers to nothing outside of the picture itself."""
    rest = OWN_REFERENCE.sub("", value).lower()
    return not any(sign in rest for sign in ("url", "\\", "javascript", "data:", "//"))
