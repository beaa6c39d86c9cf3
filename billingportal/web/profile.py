"""Staff look at their own account and change their password."""

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import ValidationError
from wtforms.fields import Field

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain import passwords, sign_in, staff
from billingportal.domain.sign_in import Throttled
from billingportal.errors import Conflict, Refusal
from billingportal.web import htmx, session
from billingportal.web.forms import PortalForm
from billingportal.web.staff_fields import known_password_field, new_password_field

blueprint = Blueprint("profile", __name__, url_prefix="/profile")


class PasswordForm(PortalForm):
    current_password = known_password_field("Current password")
    new_password = new_password_field("New password")

    def validate_new_password(self, field: Field) -> None:
        if field.data == self.current_password.data:
            raise ValidationError("This is the password you have. Choose another one.")


@blueprint.get("")
def show() -> ResponseReturnValue:
    return render_template("profile/show.html", form=PasswordForm())


@blueprint.post("")
def update() -> ResponseReturnValue:
    form = PasswordForm.of_request()
    if not form.is_valid():
        return render_template("profile/show.html", form=form), 422
    try:
        change_password(str(form.current_password.data), str(form.new_password.data))
    except Refusal as refusal:
        form.refuse(refusal)
        return render_template("profile/show.html", form=form), 422
    flash("Password changed. Other sessions have ended.")
    return htmx.redirect(url_for("profile.show"))


def change_password(current: str, new: str) -> None:
    """Change it and carry this session over to the new one. Raises Refusal in words for the form."""
    person = session.current_staff()
    staff_id, email, stored = person.id, person.email, person.password_hash
    try:
        with transaction() as writing:
            attempt_id = sign_in.admit(writing, email, request.remote_addr or "")
    except Throttled as throttled:
        minutes = int((throttled.until - clock.now()).total_seconds() // 60) + 1
        raise Refusal("current_password", f"Too many wrong tries. Try again in {minutes} min.") from None
    if not passwords.fits(stored, current):
        raise Refusal("current_password", "This is not your current password.")
    new_hash = passwords.make_hash(new)
    try:
        with transaction() as writing:
            sign_in.forgive(writing, attempt_id)
            person = staff.change_password(writing, staff_id, checked_hash=stored, new_hash=new_hash)
    except Conflict as conflict:
        raise Refusal("", str(conflict)) from None
    session.sign_in(person)
