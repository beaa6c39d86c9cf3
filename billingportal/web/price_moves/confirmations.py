"""The last look at a price move: what each client pays before and after, the email, and its confirmation."""

from collections import defaultdict
from collections.abc import Sequence

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import TextAreaField

from billingportal.db import db, transaction
from billingportal.domain.mail import messages as mail_messages
from billingportal.domain.mail import settings as mail_settings
from billingportal.domain.mail.messages import Letter
from billingportal.domain.price_moves import confirmation, listing, moves
from billingportal.domain.price_moves.emails import amounts, announcement
from billingportal.errors import Conflict, Refusal
from billingportal.limits import page_number
from billingportal.models import PriceMoveClient
from billingportal.money import Money
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm, trimmed
from billingportal.web.price_moves.words import move_or_404, names, row_of

blueprint = Blueprint("price_move_confirmations", __name__, url_prefix="/saas/price-moves/<id:move_id>/confirmation")


class SentenceForm(PortalForm):
    sentence = TextAreaField("Your own sentence (optional)", filters=[trimmed])


@blueprint.get("")
@require_role("owner", "admin")
def new(move_id: int) -> ResponseReturnValue:
    move = move_or_404(db.session(), move_id)
    if move.state != "review":
        return redirect(url_for("price_moves.show", move_id=move_id), 303)
    return page(move_id, SentenceForm(data={"sentence": move.sentence}))


def page(move_id: int, form: SentenceForm) -> str:
    session = db.session()
    move = move_or_404(session, move_id)
    rows = moves.rows_of(session, move_id)
    moving = confirmation.movers(rows)
    unknown = sum(1 for row in rows if row.state == "chosen" and row.quoted_at is None)
    found = listing.listed(session, move_id, page_number(request.args.get("page", "")))
    return render_template(
        "price_moves/_review.html" if htmx.is_partial(request) else "price_moves/review.html",
        move=move,
        names=names(session, move),
        form=form,
        found=found,
        rows=[row_of(row) for row in found.rows],
        moving=len(moving),
        chosen=sum(1 for row in rows if row.state == "chosen"),
        unknown=unknown,
        has_usage=any(link.role == "usage" for link in move.plan.links),
        sums=() if unknown else sums(moving),
        seal=confirmation.seal(move, rows),
        letter=None if unknown else first_letter(session, moving),
        signature=mail_messages.brand_name(session),
        sends_emails=mail_settings.is_on(session),
    )


def sums(rows: Sequence[PriceMoveClient]) -> list[tuple[Money, Money]]:
    """What all of them pay before and after, for each currency."""
    found: dict[str, tuple[Money, Money]] = defaultdict()
    for row in rows:
        before, after = amounts(row)
        so_far = found.get(before.currency, (Money(0, before.currency), Money(0, before.currency)))
        found[before.currency] = (so_far[0] + before, so_far[1] + after)
    return list(found.values())


def first_letter(session: Session, rows: Sequence[PriceMoveClient]) -> tuple[PriceMoveClient, Letter] | None:
    return (rows[0], announcement(session, rows[0])) if rows else None


@blueprint.post("")
@require_role("owner", "admin")
def create(move_id: int) -> ResponseReturnValue:
    """Confirm what was shown; where something changed, the amounts are read again and shown."""
    move_or_404(db.session(), move_id)
    form = SentenceForm.of_request()
    sentence, seal, staff_id = form.sentence.data or "", request.form.get("seal", ""), current_staff().id
    try:
        with transaction() as session:
            confirmation.confirm(session, move_id, seal, sentence, staff_id=staff_id)
    except Refusal as refusal:
        form.refuse(refusal)
        return page(move_id, form), 422
    except Conflict as conflict:
        read_again(move_id)
        form.refuse(Refusal("", str(conflict)))
        return page(move_id, form), 409
    return htmx.redirect(url_for("price_moves.show", move_id=move_id))


def read_again(move_id: int) -> None:
    try:
        with transaction() as session:
            moves.review(session, move_id)
    except Conflict as conflict:
        abort(409, str(conflict))
