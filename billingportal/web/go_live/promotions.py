"""Creates in live mode what is missing, as the dry run showed it. The worker does it; the page follows."""

from flask import Blueprint, abort, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.connection import processor_accounts
from billingportal.domain.go_live.promotion import work
from billingportal.errors import Conflict, Refusal
from billingportal.models import Promotion
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.stripe_access import refusal_text
from billingportal.web.go_live.dry_run import drafted

blueprint = Blueprint("promotions", __name__, url_prefix="/saas/go-live/creations")
CHANGED = "Something changed since you looked. This is what would be created now."


@blueprint.post("")
@require_role("owner", "admin")
def create() -> ResponseReturnValue:
    """Begin, if what would be created is still what was shown."""
    try:
        draft = drafted()
    except (Refusal, StripeProblem) as problem:
        flash(problem.message if isinstance(problem, Refusal) else refusal_text(problem))
        return htmx.redirect(url_for("go_live.dry_run"))
    if not draft.steps or request.form.get("seal") != draft.seal:
        return render_template("go_live/dry_run.html", draft=draft, problem=CHANGED), 409
    staff_id = current_staff().id
    try:
        with transaction() as session:
            live = processor_accounts.connected(session, "live")
            if live is None:
                abort(409, "Stripe is not connected in live mode.")
            promotion_id = work.begin_promotion(session, live.id, draft.steps, staff_id=staff_id).id
    except Conflict as conflict:
        abort(409, str(conflict))
    return htmx.redirect(url_for("promotions.show", promotion_id=promotion_id))


@blueprint.get("/<id:promotion_id>")
@require_role("owner", "admin")
def show(promotion_id: int) -> ResponseReturnValue:
    """What became of it. The page polls while it runs."""
    promotion = db.session().get(Promotion, promotion_id)
    if promotion is None:
        abort(404)
    template = "go_live/_promotion.html" if htmx.is_partial(request) else "go_live/promotion.html"
    return render_template(template, promotion=promotion)


@blueprint.post("/<id:promotion_id>/retries")
@require_role("owner", "admin")
def retry(promotion_id: int) -> ResponseReturnValue:
    """Go on at once with a promotion that waits for Stripe."""
    with transaction() as session:
        if session.get(Promotion, promotion_id) is None:
            abort(404)
        work.continue_now(session, promotion_id)
    return htmx.redirect(url_for("promotions.show", promotion_id=promotion_id))
