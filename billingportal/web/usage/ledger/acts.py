"""What staff does about the ledger: check now, resend, bill use that came too late, or let it go."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, g, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.clock import now
from billingportal.db import db, transaction
from billingportal.domain.common.plurals import counted
from billingportal.domain.metering.ledger import asks, late_use, resends, sums, totals
from billingportal.domain.metering.ledger.keys import Kind, Scope
from billingportal.errors import Refusal
from billingportal.limits import whole_number
from billingportal.models import ProcessorAccount
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.shown_amounts import shown_amount
from billingportal.web.common.stripe_access import refusal_text, stripe_for, stripe_of
from billingportal.web.usage.ledger.ledger import day_or_404, ledger_page, row_or_404

blueprint = Blueprint("ledger_acts", __name__, url_prefix="/saas/usage/ledger")
# Seconds that a form may ask Stripe, and how many clients are looked at in them at most.
CHECKING, MOST_CHECKED = 6, 200
KINDS: dict[str, Kind] = {"missing": "missing", "rejected": "rejected", "late": "late"}
Act = Callable[[StripeGateway, Scope, Kind], str]


@blueprint.post("/checks")
@require_role("owner", "admin")
def create_check() -> ResponseReturnValue:
    """Compare the open periods with Stripe's totals, for a few seconds; the worker goes on with the rest."""
    client_id = whole_number(request.args.get("client", ""))
    try:
        access = stripe_for(g.mode)
        with transaction() as session:
            ids = asks.rows_to_check(session, access.account_id, client_id, MOST_CHECKED)
        done = totals.read_each(transaction, access.gateway, ids, seconds=CHECKING, all_open=True)
    except Refusal as refusal:
        return refused(refusal.message)
    except StripeProblem as problem:
        return refused(refusal_text(problem))
    if client_id is None:
        with transaction() as session:
            asks.make_due(session, access.account_id)
    sum_up()
    rest = " The rest is compared within minutes." if done.left or len(ids) == MOST_CHECKED else ""
    return answered(f"Compared {counted(done.compared, 'client meters')} with Stripe.{rest}")


def sum_up() -> None:
    found, moment = sums.read_sums(db.session()), now()
    with transaction() as session:
        sums.write_sums(session, found, moment)


@blueprint.post("/<id:row_id>/<public:day>/<public:kind>/resends")
@require_role("owner", "admin")
def create_resend(row_id: int, day: str, kind: str) -> ResponseReturnValue:
    """Send missing or rejected events once more, under new identifiers."""
    staff_id = current_staff().id

    def resend(gateway: StripeGateway, scope: Scope, of_kind: Kind) -> str:
        sent = resends.resend(transaction, gateway, row_id, scope, of_kind, staff_id)
        return f"{counted(sent, 'meter events')} will be sent again within seconds."

    return acted(row_id, day, kind, resend)


@blueprint.post("/<id:row_id>/<public:day>/<public:kind>/invoice-items")
@require_role("owner", "admin")
def create_invoice_item(row_id: int, day: str, kind: str) -> ResponseReturnValue:
    """Bill use that Stripe takes no more, as an extra line of the client's next invoice."""
    shown, staff_id = shown_amount(request.form), current_staff().id

    def bill(gateway: StripeGateway, scope: Scope, of_kind: Kind) -> str:
        amount = late_use.bill(transaction, gateway, scope, of_kind, shown, staff_id)
        return f"{amount} is on the client's next invoice."

    return acted(row_id, day, kind, bill)


@blueprint.post("/<id:row_id>/<public:day>/<public:kind>/waivers")
@require_role("owner", "admin")
def create_waiver(row_id: int, day: str, kind: str) -> ResponseReturnValue:
    """Decide that use is not billed."""
    staff_id = current_staff().id

    def let_go(_: StripeGateway, scope: Scope, of_kind: Kind) -> str:
        with transaction() as session:
            late_use.let_go(session, scope, of_kind, staff_id)
        return "It will not be billed."

    return acted(row_id, day, kind, let_go)


def acted(row_id: int, day: str, kind: str, act: Act) -> ResponseReturnValue:
    """Run one action about a difference and show the ledger as it is then."""
    session, on = db.session(), day_or_404(day)
    row = row_or_404(session, row_id)
    of_kind = KINDS.get(kind) or abort(404, "There is no such difference.")
    scope = Scope((row.processor_account_id,), client_meter_ids=(row.id,), day=on)
    try:
        access = stripe_of(session.get_one(ProcessorAccount, row.processor_account_id))
        words = act(access.gateway, scope, of_kind)
    except Refusal as refusal:
        return refused(refusal.message)
    except StripeProblem as problem:
        return refused(refusal_text(problem))
    return answered(words)


def answered(words: str) -> ResponseReturnValue:
    if htmx.is_partial(request):
        return htmx.with_toast(ledger_page(), "ok", words)
    flash(words)
    return htmx.redirect(back())


def refused(words: str) -> ResponseReturnValue:
    """Say why nothing was done, beside the ledger as it is now."""
    if htmx.is_partial(request):
        return htmx.with_toast(ledger_page(), "bad", "Nothing was changed", words), 422
    abort(409, words)


def back() -> str:
    return url_for("ledger.index", client=request.args.get("client"))
