"""Staff look at their own account, change their password, and sign out of other browsers."""

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import ValidationError
from wtforms.fields import Field

from billingportal.db import db, transaction
from billingportal.domain.auth import browser_sessions, passwords, sign_in, staff
from billingportal.errors import Conflict, Refusal
from billingportal.web.auth import known_browser, session
from billingportal.web.auth.fields import known_password_field, new_password_field
from billingportal.web.auth.password_check import check_password
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm

blueprint = Blueprint("profile", __name__, url_prefix="/profile")


class PasswordForm(PortalForm):
    current_password = known_password_field("Current password")
    new_password = new_password_field("New password")

    def validate_new_password(self, field: Field) -> None:
        if field.data == self.current_password.data:
            raise ValidationError("This is the password you have. Choose another one.")


@blueprint.get("")
def show() -> ResponseReturnValue:
    return page(PasswordForm())


@blueprint.post("")
def update() -> ResponseReturnValue:
    form = PasswordForm.of_request()
    if not form.is_valid():
        return page(form), 422
    try:
        change_password(str(form.current_password.data), str(form.new_password.data))
    except Refusal as refusal:
        form.refuse(refusal)
        return page(form), 422
    flash("Password changed. Other sessions have ended.")
    return htmx.redirect(url_for("profile.show"))


@blueprint.post("/sessions/<id:session_id>/ending")
def end_session(session_id: int) -> ResponseReturnValue:
    """Sign out of one other browser. A session that has ended already is no error."""
    person = session.current_staff()
    with transaction() as writing:
        ended = staff.sign_out_of(writing, person.id, session_id)
    if ended is not None:
        flash(f"Signed out of {ended}.")
    return htmx.redirect(url_for("profile.show"))


@blueprint.post("/sessions/ending")
def end_other_sessions() -> ResponseReturnValue:
    """Sign out of every other browser."""
    staff_id, own_id = session.current_staff().id, session.current_session_id()
    with transaction() as writing:
        count = staff.sign_out_elsewhere(writing, staff_id, own_id)
    flash("Signed out everywhere else." if count else "You were not signed in anywhere else.")
    return htmx.redirect(url_for("profile.show"))


def page(form: PasswordForm) -> str:
    sessions = browser_sessions.listed(db.session(), session.current_staff())
    return render_template("auth/profile/show.html", form=form, sessions=sessions, own_id=session.current_session_id())


def change_password(current: str, new: str) -> None:
    """Change it, end every session, and start a new one here. Raises Refusal."""
    person = session.current_staff()
    staff_id, stored = person.id, person.password_hash
    attempt_id = check_password(current, "current_password", "This is not your current password.")
    new_hash = passwords.make_hash(new)
    try:
        with transaction() as writing:
            sign_in.forgive_attempt(writing, attempt_id)
            person = staff.change_password(writing, staff_id, checked_hash=stored, new_hash=new_hash)
            session.sign_in(writing, person)
            known_browser.remember(person)
    except Conflict as conflict:
        raise Refusal("", str(conflict)) from None
