"""What the layout of a template costs a page."""

import re

import pytest
from jinja2 import Environment, TemplateSyntaxError

from billingportal.web.common.rendering.indentation import OneBlank
from tests.support.pages import Visitor


def test_a_page_is_sent_without_the_indentation_of_its_template(client: Visitor) -> None:
    page = client.get("/sign-in").text
    assert re.findall(r"[ \t]{2,}.*", page) == []


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a\n    b", "a\nb"),
        ("{% if true %}a{% endif %}\n    b", "a b"),
        ("{% if true %}\n    a\n{% endif %}", " a\n"),
        ("{{ 'a' }}\n    {% if true %}b{% endif %}", "a\nb"),
        ("<a\n  id=\"b\"{{ ' c' }}\n  {% if true %}d{% endif %}\n>\n  e\n</a>", '<a id="b" c d>\ne\n</a>'),
        ("<p>\n    {# Why. #}\n    a</p>", "<p>\n a</p>"),
    ],
)
def test_a_blank_that_is_seen_stays(source: str, text: str) -> None:
    environment = Environment(extensions=[OneBlank], trim_blocks=True, lstrip_blocks=True, autoescape=True)
    assert environment.from_string(source).render() == text


def test_an_error_names_the_line_of_the_template() -> None:
    environment = Environment(extensions=[OneBlank], trim_blocks=True, lstrip_blocks=True, autoescape=True)
    with pytest.raises(TemplateSyntaxError) as failed:
        environment.from_string('<a\n  id="b"\n  class="c"\n>\n  {{ d ! }}\n</a>')
    assert failed.value.lineno == 5
