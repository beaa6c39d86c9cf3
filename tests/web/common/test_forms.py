from flask import Flask
from wtforms import StringField
from wtforms.validators import InputRequired

from billingportal.errors import Refusal
from billingportal.web.common.forms import PortalForm, trimmed


class ExampleForm(PortalForm):
    first = StringField(
        filters=[trimmed], validators=[InputRequired("Enter the first.")], render_kw={"autofocus": True}
    )
    second = StringField()


def focused(form: PortalForm) -> list[str]:
    return [field.name for field in form if "autofocus" in str(field())]


def test_a_form_is_read_from_the_request_without_blanks_around(app: Flask) -> None:
    with app.test_request_context(method="POST", data={"first": "  one "}):
        form = ExampleForm.of_request()
        assert form.is_valid()
        assert form.first.data == "one"


def test_a_refusal_is_shown_at_its_field_where_the_cursor_then_is() -> None:
    form = ExampleForm()
    form.refuse(Refusal("second", "This one is taken."))
    assert form.second.errors == ["This one is taken."]
    assert focused(form) == ["second"]


def test_a_refusal_of_the_whole_is_shown_above_the_form() -> None:
    form = ExampleForm()
    form.refuse(Refusal("", "Somebody else was faster."))
    assert form.form_errors == ["Somebody else was faster."]
    assert focused(form) == ["first"]
