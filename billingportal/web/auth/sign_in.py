"""Sign-in. Neither the words nor the time of its answers reveal whether an account exists."""

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.auth import passwords, setup, sign_in
from billingportal.domain.auth.sign_in import Throttled
from billingportal.models.auth.staff import Staff
from billingportal.web.auth import known_browser, session
from billingportal.web.auth.fields import known_email_field, known_password_field
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm
from billingportal.web.common.urls import own_path

blueprint = Blueprint("sign_in", __name__)


class SignInForm(PortalForm):
    email = known_email_field(autofocus=True)
    password = known_password_field("Password")


@blueprint.get("/sign-in")
def new() -> ResponseReturnValue:
    if session.find_staff() is not None:
        return htmx.redirect("/")
    if setup.needs_owner(db.session()):
        return render_template("auth/setup/needed.html")
    return render_template("auth/sign_in/new.html", form=SignInForm())


@blueprint.post("/sign-in")
def create() -> ResponseReturnValue:
    form = SignInForm.of_request()
    if not form.is_valid():
        return render_template("auth/sign_in/new.html", form=form), 422
    email, password = str(form.email.data), str(form.password.data)
    try:
        is_right = signed_in(email, password)
    except Throttled as throttled:
        return refuse_for_now(form, throttled)
    if not is_right:
        form.focus(form.password)
        return render_template("auth/sign_in/new.html", form=form, wrong=True), 422
    return htmx.redirect(own_path(request.args.get("next")) or "/")


def signed_in(email: str, password: str) -> bool:
    """Sign the person in, unless address or password is wrong. Raises Throttled.

    The attempt is committed before the slow hashing, so that no transaction is open meanwhile.
    """
    with transaction() as writing:
        staff = sign_in.find_staff(writing, email)
        known_as = known_browser.name_for(staff)
        attempt_id = sign_in.admit_attempt(writing, email, request.remote_addr or "", known_as=known_as)
        staff_id, stored = (staff.id, staff.password_hash) if staff else (None, None)
    if not passwords.password_matches(stored, password) or stored is None:
        return False
    new_hash = sign_in.renewed_hash(stored, password)
    with transaction() as writing:
        person = writing.get_one(Staff, staff_id, with_for_update=True)
        if person.password_hash != stored:
            return False
        sign_in.record_sign_in(writing, person, attempt_id, new_hash)
        session.sign_in(writing, person)
        known_browser.remember(person)
    return True


def refuse_for_now(form: SignInForm, throttled: Throttled) -> ResponseReturnValue:
    page = render_template("auth/sign_in/new.html", form=form, minutes=throttled.minutes_left)
    return Response(page, status=429, headers={"Retry-After": str(throttled.seconds_left)})
