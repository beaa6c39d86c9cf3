"""The base of our forms. CSRF is checked for every request before a form is read, so forms need not know of it."""

from typing import Self

from flask import request
from wtforms import Field, Form

from billingportal.errors import Refusal


class PortalForm(Form):
    """A form that is read from the request, and focuses its first invalid field."""

    @classmethod
    def of_request(cls) -> Self:
        return cls(request.form)

    def is_valid(self) -> bool:
        """Validate every field. Each field then has its own error messages."""
        valid = self.validate()
        if not valid:
            self.focus_first_error()
        return valid

    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal of the domain at its field, or above the form."""
        if refusal.field in self:
            field = self[refusal.field]
            field.errors = [*field.errors, refusal.message]
        else:
            self.form_errors.append(refusal.message)
        self.focus_first_error()

    def focus_first_error(self) -> None:
        wrong = next((field for field in self if field.errors), None)
        if wrong is not None:
            self.focus(wrong)

    def focus(self, chosen: Field) -> None:
        """Put the cursor into this field when the page is shown."""
        for field in self:
            field.render_kw = {**(field.render_kw or {}), "autofocus": field is chosen}


def trimmed(value: str | None) -> str | None:
    """A WTForms filter that strips surrounding whitespace."""
    return value.strip() if value else value
