"""First run: the printed link creates the owner."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.auth import passwords, setup
from billingportal.errors import Conflict
from billingportal.web.auth import known_browser, session
from billingportal.web.auth.fields import email_field, name_field, new_password_field
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm

blueprint = Blueprint("setup", __name__)


class SetupForm(PortalForm):
    name = name_field(autofocus=True)
    email = email_field()
    password = new_password_field("Password")


@blueprint.get("/setup/<secret:token>")
def new(token: str) -> ResponseReturnValue:
    return refuse_link(token) or render_template("auth/setup/new.html", form=SetupForm())


@blueprint.post("/setup/<secret:token>")
def create(token: str) -> ResponseReturnValue:
    refused = refuse_link(token)
    if refused is not None:
        return refused
    form = SetupForm.of_request()
    if not form.is_valid():
        return render_template("auth/setup/new.html", form=form), 422
    password_hash = passwords.make_hash(str(form.password.data))
    name, email = str(form.name.data), str(form.email.data)
    try:
        with transaction() as writing:
            owner = setup.create_owner(writing, token, name=name, email=email, password_hash=password_hash)
            session.sign_in(writing, owner)
            known_browser.remember(owner)
    except Conflict:
        return refuse_link(token) or show_link("expired")
    return htmx.redirect("/")


def refuse_link(token: str) -> ResponseReturnValue | None:
    """The error page for an invalid or used link, or None when the link works."""
    state = setup.link_state(db.session(), token)
    return None if state == "open" else show_link(state)


def show_link(state: setup.LinkState) -> ResponseReturnValue:
    return render_template("auth/setup/closed.html", state=state), 404 if state == "unknown" else 410
