"""The forms of a page, as a browser would send them."""

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from tests.support.pages import Visitor

if TYPE_CHECKING:
    from werkzeug.test import TestResponse


@dataclass
class Form:
    """A form's address, its hidden and typed values, and the words on its button."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    button: str = ""
    button_id: str = ""

    def typed(self, **given: str) -> "Form":
        """The same form with these values typed or chosen."""
        return replace(self, fields={**self.fields, **given})

    def send(self, visitor: Visitor) -> "TestResponse":
        """Send it, as a click on its button does."""
        return visitor.submit(self.action, {k: v for k, v in self.fields.items() if k != "csrf_token"})


class FormParser(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.is_in_form = self.is_in_button = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.is_in_form = True
            self.forms.append(Form(given.get("action", "")))
        elif tag == "input" and self.is_in_form and "name" in given and is_sent(given):
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "button" and self.is_in_form:
            self.is_in_button = True
            self.forms[-1].button_id = given.get("id", "")

    def handle_endtag(self, tag: str) -> None:
        self.is_in_form = self.is_in_form and tag != "form"
        self.is_in_button = self.is_in_button and tag != "button"

    def handle_data(self, data: str) -> None:
        if self.is_in_button:
            self.forms[-1].button = " ".join(f"{self.forms[-1].button} {data}".split())


def is_sent(given: dict[str, str]) -> bool:
    return given.get("type") not in ("radio", "checkbox") or "checked" in given


def forms_of(page: "TestResponse") -> list[Form]:
    """Every form of a page, in its order."""
    parser = FormParser()
    parser.feed(page.text)
    return parser.forms


def form_of(page: "TestResponse", button_id: str) -> Form:
    """The form with this button. Raises AssertionError without one, naming the buttons that there are."""
    found = forms_of(page)
    named = [form for form in found if form.button_id == button_id]
    assert named, f"no button {button_id}: {[form.button_id for form in found]}"
    return named[0]
