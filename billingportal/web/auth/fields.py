"""Fields that several staff forms share. A typed password is never sent back."""

from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, Regexp

from billingportal.domain.auth import passwords
from billingportal.web.common.forms import trimmed

EMAIL_SHAPE = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
EMAIL_LENGTH = 320


def email_field(**render_kw: str | bool) -> EmailField:
    """An email address. Only its shape is checked, not whether it receives email."""
    return EmailField(
        "Email",
        filters=[trimmed],
        validators=[
            DataRequired("Enter your email address."),
            Length(max=EMAIL_LENGTH, message="This address is too long."),
            Regexp(EMAIL_SHAPE, message="This is not an email address. It looks like name@example.com."),
        ],
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
