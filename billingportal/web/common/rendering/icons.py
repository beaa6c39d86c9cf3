"""Icons as inline SVG, drawn in the colour of the text around them."""

from functools import cache
from pathlib import Path

from flask import Flask
from markupsafe import Markup

FOLDER = Path(__file__).resolve().parents[4] / "templates" / "icons"
DRAWING = Markup(
    '<svg class="{classes}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75"'
    ' stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{shapes}</svg>'
)


@cache
def shapes(name: str) -> Markup:
    """The shapes inside the icon. Raises FileNotFoundError for an icon that `bin/icons` has not fetched."""
    return Markup((FOLDER / f"{name}.svg").read_text().strip())  # noqa: S704 the file is ours


@cache
def icon(name: str, classes: str = "") -> Markup:
    """The icon, hidden from assistive technology: the words beside it say the same."""
    return DRAWING.format(classes=f"icon {classes}".strip(), shapes=shapes(name))


def init_app(app: Flask) -> None:
    app.add_template_global(icon)
