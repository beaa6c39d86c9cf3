"""A client's own exception: its price stays, in this move and in later ones."""

from datetime import date

from flask import Blueprint, abort, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import DateField, StringField
from wtforms.validators import Optional

from billingportal.db import db, transaction
from billingportal.domain.price_moves import exceptions, moves
from billingportal.errors import Conflict, Refusal
from billingportal.models import PriceMoveClient
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm, trimmed
from billingportal.web.price_moves.words import move_or_404, names

blueprint = Blueprint("price_exceptions", __name__, url_prefix="/saas/price-moves/<id:move_id>/exceptions")


class ExceptionForm(PortalForm):
    reason = StringField("Why the price stays", description="Your team reads it.", filters=[trimmed])
    until = DateField("Until", description="The last day of the promise. Empty: for good.", validators=[Optional()])


@blueprint.get("/<id:row_id>")
@require_role("owner", "admin")
def new(move_id: int, row_id: int) -> str:
    return page(move_id, row_id, ExceptionForm())


def page(move_id: int, row_id: int, form: ExceptionForm) -> str:
    session = db.session()
    move = move_or_404(session, move_id)
    row = row_or_404(session, move_id, row_id)
    return render_template("price_moves/exception.html", move=move, row=row, names=names(session, move), form=form)


def row_or_404(session: Session, move_id: int, row_id: int) -> PriceMoveClient:
    row = session.get(PriceMoveClient, row_id)
    if row is None or row.price_move_id != move_id:
        abort(404)
    return row


@blueprint.post("/<id:row_id>")
@require_role("owner", "admin")
def create(move_id: int, row_id: int) -> ResponseReturnValue:
    move_or_404(db.session(), move_id)
    form = ExceptionForm.of_request()
    if not form.is_valid():
        return page(move_id, row_id, form), 422
    until: date | None = form.until.data
    try:
        with transaction() as session:
            moves.draft_of(session, move_id)
            row = row_or_404(session, move_id, row_id)
            exceptions.promise(session, row, form.reason.data or "", until, staff_id=current_staff().id)
    except Refusal as refusal:
        form.refuse(refusal)
        return page(move_id, row_id, form), 422
    except Conflict as conflict:
        abort(409, str(conflict))
    flash("The exception is saved.")
    return htmx.redirect(url_for("price_moves.edit", move_id=move_id))
