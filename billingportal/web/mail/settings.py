"""Settings > Mail: the mail server for emails to clients, a test of it, and the outbox."""

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, PasswordField, RadioField, StringField

from billingportal.clock import now
from billingportal.db import db, transaction
from billingportal.domain.mail import delivery as mail_delivery
from billingportal.domain.mail import messages as mail_messages
from billingportal.domain.mail import outbox as mail_outbox
from billingportal.domain.mail import settings as mail_settings
from billingportal.domain.mail import smtp
from billingportal.domain.mail.settings import Typed
from billingportal.domain.mail.smtp import MailProblem
from billingportal.errors import Refusal
from billingportal.limits import whole_number
from billingportal.models import MailSettings
from billingportal.portal import current_portal
from billingportal.vault import CannotOpen
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm

blueprint = Blueprint("mail_settings", __name__, url_prefix="/settings/mail")
SECURITY = {
    "tls": "TLS from the start (usually port 465)",
    "starttls": "STARTTLS (usually port 587)",
    "none": "None, for a server on this machine",
}
KEPT = "Saved. Leave it empty to keep it."


class MailForm(PortalForm):
    host = StringField("Server", description="For example smtp.example.com.")
    port = StringField("Port", default="465")
    security = RadioField("Encryption", choices=SECURITY, default="tls", validate_choice=False)
    username = StringField("User name", description="Empty for a server that asks for none.")
    password = PasswordField("Password")
    sender = StringField("Sender", description="The address that letters come from. The name is that of your brand.")
    is_on = BooleanField("Send letters to clients", default=True)

    @property
    def typed(self) -> Typed:
        texts = {name: self[name].data or "" for name in ("host", "port", "security", "username", "password", "sender")}
        return Typed(**texts, is_on=bool(self.is_on.data))


@blueprint.get("")
def edit() -> str:
    return page(form_of(mail_settings.find_settings(db.session())))


@blueprint.post("")
@require_role("owner", "admin")
def update() -> ResponseReturnValue:
    form = MailForm.of_request()
    try:
        with transaction() as session:
            mail_settings.save_settings(session, current_portal().vault, form.typed, staff_id=current_staff().id)
    except Refusal as refusal:
        form.refuse(refusal)
        return page(form), 422
    flash("The mail server is saved.")
    return htmx.redirect(url_for("mail_settings.edit"))


@blueprint.post("/tests")
@require_role("owner", "admin")
def create_test() -> ResponseReturnValue:
    """Send a test email to the signed-in person, and show the server's answer."""
    try:
        recipient, server = send_test()
    except (MailProblem, CannotOpen, Refusal) as problem:
        return page(form_of(mail_settings.find_settings(db.session())), test_problem=str(problem)), 422
    with transaction() as session:
        mail_settings.record_test(session, recipient, staff_id=current_staff().id)
    flash(f"{server} took a test mail for {recipient}. Look whether it arrives.")
    return htmx.redirect(url_for("mail_settings.edit"))


def send_test() -> tuple[str, str]:
    """Send the test email. Returns recipient and server. No transaction is open while it is sent."""
    with transaction() as session:
        chosen = mail_settings.find_settings(session)
        if chosen is None:
            raise Refusal("", "Save the mail server first.")
        server, sender = mail_settings.server_of(chosen, current_portal().vault), chosen.sender
        brand, recipient = mail_messages.brand_name(session), current_staff().email
    words = f"This is a test. Letters to your clients will come from {sender}, like this one."
    name = f"test.{int(now().timestamp() * 1000)}"
    made = mail_delivery.compose(sender, brand, recipient, f"Test mail from {brand}", words, name)
    return recipient, smtp.deliver(server, made)


@blueprint.post("/outbox/<id:mail_id>/retries")
@require_role("owner", "admin")
def create_retry(mail_id: int) -> ResponseReturnValue:
    """Retry an email now that failed or waits."""
    try:
        with transaction() as session:
            mail_outbox.try_again(session, mail_id, staff_id=current_staff().id)
    except Refusal as refusal:
        form = form_of(mail_settings.find_settings(db.session()))
        form.refuse(refusal)
        return page(form), 422
    flash("The letter is sent again within some seconds.")
    return htmx.redirect(url_for("mail_settings.edit"))


def page(form: MailForm, test_problem: str | None = None) -> str:
    reading = db.session()
    saved = mail_settings.find_settings(reading)
    if saved is not None and saved.password_sealed:
        form.password.description = KEPT
    listed = mail_outbox.listed_mails(reading, whole_number(request.args.get("before", "")))
    return render_template(
        "mail/edit.html",
        form=form,
        saved=saved,
        test_problem=test_problem,
        letters=listed[: mail_outbox.PAGE],
        older_than=listed[mail_outbox.PAGE - 1].mail.id if len(listed) > mail_outbox.PAGE else None,
        lacks_address=current_portal().settings.public_url is None,
    )


def form_of(saved: MailSettings | None) -> MailForm:
    if saved is None:
        return MailForm()
    names = ("host", "security", "username", "sender", "is_on")
    return MailForm(data={**{name: getattr(saved, name) for name in names}, "port": str(saved.port)})
