"""Undoing a price move, for one client or for all."""

from flask import Blueprint, abort, flash, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.price_moves import undo
from billingportal.errors import Conflict
from billingportal.limits import whole_number
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.price_moves.words import move_or_404

blueprint = Blueprint("price_move_undos", __name__, url_prefix="/saas/price-moves/<id:move_id>/undos")


@blueprint.post("")
@require_role("owner", "admin")
def create(move_id: int) -> ResponseReturnValue:
    """Have it undone by the worker: for the row that the form names, else for all clients."""
    move_or_404(db.session(), move_id)
    named = request.form.get("row", "")
    row_id = whole_number(named)
    if named and row_id is None:
        abort(404)
    try:
        with transaction() as session:
            rows = undo.ask_undo(session, move_id, row_id, staff_id=current_staff().id)
    except Conflict as conflict:
        abort(409, str(conflict))
    flash("The old price stays. Who got the email is told." if rows else "There was nothing to undo any more.")
    return htmx.redirect(url_for("price_moves.show", move_id=move_id))
