"""SaaS > Plans > a retired price > Move these clients: who moves and when, and what became of it."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import DateField, RadioField, StringField
from wtforms.validators import Optional

from billingportal.db import db, transaction
from billingportal.domain.price_moves import listing, moves
from billingportal.domain.price_moves.candidates import movable_plan
from billingportal.domain.price_moves.moves import When
from billingportal.errors import Conflict, Refusal
from billingportal.limits import page_number, whole_number
from billingportal.models import PriceMove, PriceMoveClient
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm
from billingportal.web.price_moves.words import Row, email_words, move_or_404, names, next_renewal, row_of

blueprint = Blueprint("price_moves", __name__, url_prefix="/saas")
TIMINGS = {
    "renewal": "At each client’s next renewal. Nobody is charged in between",
    "date": "At the first renewal from a date, for example after the holidays",
}


class MoveForm(PortalForm):
    timing = RadioField("When", choices=TIMINGS, default="renewal")
    from_day = DateField("From", description="Only with a date.", validators=[Optional()])
    notice_days = StringField(
        "Email at least this many days ahead", description="Clients who renew earlier move one period later."
    )

    @property
    def when(self) -> When:
        days = whole_number((self.notice_days.data or "").strip())
        day: date | None = self.from_day.data
        return When("date" if self.timing.data == "date" else "renewal", day, -1 if days is None else days)

    @classmethod
    def showing(cls, move: PriceMove) -> "MoveForm":
        days = str(move.notice_days)
        return cls(data={"timing": move.timing, "from_day": move.from_day, "notice_days": days})


@dataclass(frozen=True)
class Candidate:
    """A client to choose. `why_not`: the reason why it cannot move now."""

    row: Row
    renews: str
    why_not: str


@blueprint.post("/plan-prices/<id:plan_price_id>/moves")
@require_role("owner", "admin")
def create(plan_price_id: int) -> ResponseReturnValue:
    """Begin a move from a retired price, or go on with the one that is under way."""
    try:
        with transaction() as session:
            move_id = moves.begin(session, plan_price_id, staff_id=current_staff().id).id
    except Conflict as conflict:
        abort(409, str(conflict))
    return htmx.redirect(url_for("price_moves.show", move_id=move_id))


@blueprint.get("/price-moves/<id:move_id>/edit")
@require_role("owner", "admin")
def edit(move_id: int) -> ResponseReturnValue:
    move = move_or_404(db.session(), move_id)
    if move.state not in ("draft", "review"):
        return redirect(url_for("price_moves.show", move_id=move_id), 303)
    return edit_page(move, MoveForm.showing(move), page_number(request.args.get("page", "")), request.args.get("q", ""))


def edit_page(move: PriceMove, form: MoveForm, number: int, words: str) -> str:
    session = db.session()
    found = listing.listed(session, move.id, number, words)
    return render_template(
        "price_moves/edit.html",
        move=move,
        names=names(session, move),
        form=form,
        found=found,
        candidates=[candidate(session, move, row) for row in found.rows],
        counts=listing.counts(session, move.id),
        words=words,
        page_size=listing.PAGE,
    )


def candidate(session: Session, move: PriceMove, row: PriceMoveClient) -> Candidate:
    why_not = ""
    try:
        movable_plan(session, move, row.client, row.stripe_subscription_id)
    except (Refusal, Conflict) as refusal:
        why_not = str(refusal)
    return Candidate(row_of(row), next_renewal(session, row), why_not)


@blueprint.post("/price-moves/<id:move_id>")
@require_role("owner", "admin")
def update(move_id: int) -> ResponseReturnValue:
    """Store who moves and when; `go` says where to: the review, or another page of clients."""
    move_or_404(db.session(), move_id)
    form, go, words = MoveForm.of_request(), request.form.get("go", "review"), request.form.get("q", "")
    shown, ticked = numbers("shown"), numbers("client")
    if not form.is_valid():
        return invalid(move_id, form, words)
    try:
        with transaction() as session:
            moves.choose_clients(session, move_id, shown, ticked)
            moves.choose_time(session, move_id, form.when)
            if go == "review":
                moves.review(session, move_id)
    except Refusal as refusal:
        form.refuse(refusal)
        return invalid(move_id, form, words)
    except Conflict as conflict:
        abort(409, str(conflict))
    if go == "review":
        return htmx.redirect(url_for("price_move_confirmations.new", move_id=move_id))
    return htmx.redirect(url_for("price_moves.edit", move_id=move_id, page=page_number(go), q=words or None))


def invalid(move_id: int, form: MoveForm, words: str) -> ResponseReturnValue:
    move = move_or_404(db.session(), move_id)
    return edit_page(move, form, page_number(request.form.get("page", "")), words), 422


def numbers(name: str) -> list[int]:
    found = [whole_number(text) for text in request.form.getlist(name)]
    return [number for number in found if number is not None]


@blueprint.get("/price-moves/<id:move_id>")
@require_role("owner", "admin")
def show(move_id: int) -> ResponseReturnValue:
    """What became of the move. The page polls while schedules are being made."""
    session = db.session()
    move = move_or_404(session, move_id)
    if move.state in ("draft", "review"):
        return redirect(url_for("price_moves.edit", move_id=move_id), 303)
    found = listing.listed(session, move_id, page_number(request.args.get("page", "")))
    counts = listing.counts(session, move_id)
    rows = [row_of(row) for row in found.rows]
    return render_template(
        "price_moves/_progress.html" if htmx.is_partial(request) else "price_moves/show.html",
        move=move,
        names=names(session, move),
        found=found,
        rows=rows,
        counts=counts,
        emails=email_words(session, rows),
        is_moving=move.state == "running" or any(row.is_being_undone for row in rows),
    )
