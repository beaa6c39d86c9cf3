"""Removes the indentation of templates from pages. Line numbers in errors stay correct."""

import re

from flask import Flask
from jinja2.ext import Extension

EXPRESSION = r"\{\{.*?\}\}|\{%.*?%\}"
TAG = re.compile(rf"""<[a-z](?:{EXPRESSION}|"[^"]*"|'[^']*'|\{{(?![{{%])|[^<>"'{{])*>""", re.DOTALL)
LINE_END_IN_TAG = re.compile(rf"({EXPRESSION})|\n[ \t]*(>?)", re.DOTALL)
# Jinja removes the end of a line that ends with a block or a comment: there one blank has to stay.
AFTER_A_BLANK = re.compile(r"(?<![%#]})\n[ \t]+")
AFTER_A_BLOCK = re.compile(r"^[ \t]+", re.MULTILINE)


class OneBlank(Extension):
    """Replaces an indentation by one blank, which browsers show like any other number of blanks."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        source = TAG.sub(lambda tag: LINE_END_IN_TAG.sub(on_one_line, tag.group()), source)
        return AFTER_A_BLOCK.sub(" ", AFTER_A_BLANK.sub("\n", source))


def on_one_line(found: re.Match[str]) -> str:
    """Hide the line end between two attributes in a comment, which Jinja counts and does not print."""
    expression, end = found.groups()
    return expression or "{#\n#}" + (end or " ")


def init_app(app: Flask) -> None:
    """Must run before the first use of `app.jinja_env`."""
    app.jinja_options = {**app.jinja_options, "trim_blocks": True, "lstrip_blocks": True, "extensions": [OneBlank]}
