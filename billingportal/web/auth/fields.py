"""Fields that several staff forms share. A typed password is never sent back."""

from collections.abc import Callable

from wtforms import EmailField, Form, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from billingportal.domain.auth import passwords
from billingportal.domain.common.email_addresses import checked_address
from billingportal.errors import Refusal
from billingportal.web.common.forms import trimmed

EMAIL_LENGTH = 320


def possible_address(_: Form, field: EmailField) -> None:
    """A validator that refuses addresses which cannot exist. Raises ValidationError."""
    try:
        checked_address(field.data or "")
    except Refusal as refusal:
        raise ValidationError(refusal.message) from None


def email_field(**render_kw: str | bool) -> EmailField:
    """An email address. Checks whether it can exist, not whether it receives email."""
    return address_field(possible_address, **render_kw)


def known_email_field(**render_kw: str | bool) -> EmailField:
    """The email address of an account. An earlier version may have accepted an impossible one, which opens it still."""
    return address_field(Length(max=EMAIL_LENGTH, message="This address is too long."), **render_kw)


def address_field(check: Callable[[Form, EmailField], None], **render_kw: str | bool) -> EmailField:
    return EmailField(
        "Email",
        filters=[trimmed],
        validators=[DataRequired("Enter your email address."), check],
        render_kw={"autocomplete": "username", "inputmode": "email", **render_kw},
    )


def name_field(**render_kw: str | bool) -> StringField:
    return StringField(
        "Your name",
        filters=[trimmed],
        validators=[DataRequired("Enter your name."), Length(max=200, message="This name is too long.")],
        render_kw={"autocomplete": "name", **render_kw},
    )


def new_password_field(label: str) -> PasswordField:
    return PasswordField(
        label,
        description=f"At least {passwords.SHORTEST} characters. A sentence works well.",
        validators=[
            InputRequired(f"Enter a password of {passwords.SHORTEST} characters or more."),
            Length(min=passwords.SHORTEST, message=f"Too short. It needs {passwords.SHORTEST} characters or more."),
            Length(max=passwords.LONGEST, message=f"Too long. {passwords.LONGEST} characters are the most."),
        ],
        render_kw={"autocomplete": "new-password"},
    )


def known_password_field(label: str, **render_kw: str | bool) -> PasswordField:
    return PasswordField(
        label,
        validators=[
            InputRequired("Enter your password."),
            Length(max=passwords.LONGEST, message=f"Too long. {passwords.LONGEST} characters are the most."),
        ],
        render_kw={"autocomplete": "current-password", **render_kw},
    )
