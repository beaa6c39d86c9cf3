"""SaaS > Plans: the list and the editor."""

from flask import Blueprint, abort, flash, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.connection import processor_accounts
from billingportal.domain.plans import plans, price_links, resources
from billingportal.domain.plans.plans import Saving
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.quota_changes import Affected, ChoiceNeeded
from billingportal.errors import Conflict, Refusal
from billingportal.limits import whole_number
from billingportal.models import Plan
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.embedding import page_address
from billingportal.web.plans import starters as plan_starters
from billingportal.web.plans.editor import Editor, editor
from billingportal.web.plans.form import MOST_PRICES, PlanForm, PriceRow
from billingportal.web.plans.listing import plan_list
from billingportal.web.prices import prices

blueprint = Blueprint("plans", __name__, url_prefix="/saas/plans")
EDITORS = ("owner", "admin")


@blueprint.get("")
def index() -> str:
    return list_partial()


@blueprint.get("/archived")
def archived() -> str:
    return list_partial(archived=True)


def list_partial(refusal: str | None = None, *, archived: bool = False) -> str:
    """The list alone for htmx, else the whole page."""
    return render_template(
        "plans/_list.html" if htmx.is_partial(request) else "plans/index.html",
        list=plan_list(db.session(), g.mode, archived=archived),
        archived=archived,
        may_change=current_staff().role in EDITORS,
        pricing_url=page_address(),
        templates=plan_starters.TEMPLATES,
        refusal=refusal,
    )


@blueprint.get("/new")
@require_role("owner", "admin")
def new() -> str:
    """An empty form, or one filled in from a template."""
    template = plan_starters.find(request.args.get("template", ""))
    return page(editor(db.session(), g.mode, plan_starters.form(template, resources.visible_resources(db.session()))))


@blueprint.post("")
@require_role("owner", "admin")
def create() -> ResponseReturnValue:
    return saved(None)


@blueprint.get("/<id:plan_id>/edit")
@require_role("owner", "admin")
def edit(plan_id: int) -> str:
    plan = plan_or_404(plan_id)
    reading = db.session()
    account = processor_accounts.connected(reading, g.mode)
    links = price_links.links_of(plan, account.id if account else None)
    return page(editor(reading, g.mode, PlanForm.of_plan(plan, resources.visible_resources(reading), links), plan))


@blueprint.post("/<id:plan_id>")
@require_role("owner", "admin")
def update(plan_id: int) -> ResponseReturnValue:
    return saved(plan_or_404(plan_id))


def saved(plan: Plan | None) -> ResponseReturnValue:
    """Save the form, or show it again: with one row more or less, or with its errors."""
    form = PlanForm.of_request(request.form, resources.visible_resources(db.session()))
    if rows_changed(form):
        answer = make_response(page(editor(db.session(), g.mode, form, plan)))
        return htmx.announce(answer, "prices-changed", {})
    try:
        links = found_links(form, plan)
        if form.has_errors:
            return refused(form, plan)
        name = save(form, plan, links)
    except ChoiceNeeded as needed:
        return refused(form, plan, needed.affected)
    except Conflict as conflict:
        form.refuse(Refusal("", str(conflict)))
        return refused(form, plan)
    except Refusal as refusal:
        form.refuse(refusal)
        return refused(form, plan)
    flash(f"{name} is saved.")
    return htmx.redirect(url_for("plans.index"))


def save(form: PlanForm, plan: Plan | None, links: list[Link]) -> str:
    """Create or update the plan in one transaction. Returns its name."""
    account = processor_accounts.connected(db.session(), g.mode)
    sells_free = bool(form.fields.sells_free.data)
    saving = Saving(form.terms(), account.id if account else None, links, form.applies_to, sells_free)
    plan_id, staff_id = plan.id if plan else None, current_staff().id
    with transaction() as session:
        if plan_id is None:
            return plans.create_plan(session, saving, staff_id=staff_id).name
        return plans.update_plan(session, plan_id, saving, revision=form.revision, staff_id=staff_id).name


def found_links(form: PlanForm, plan: Plan | None) -> list[Link]:
    """The typed prices. Linked ones are not looked up again, so that a price which cannot be sold any more does not
    keep anybody from changing the rest. Errors are set on their rows."""
    there = {row.stripe_price_id for row in plan.prices} if plan else set()
    links: list[Link] = []
    currencies: list[str] = []
    for place, row in enumerate(form.prices):
        if not row.text:
            continue
        name = f"price_{place}"
        try:
            if row.text in there:
                links.append(row.link(row.text, name))
                continue
            price = prices.find(row.text, currencies)
            currencies = currencies or [price.currency]
            links.append(row.link(price.stripe_price_id, name))
        except Refusal as refusal:
            row.error = refusal.message
    return links


def rows_changed(form: PlanForm) -> bool:
    """Add or remove a price row if its button was pressed instead of Save. Returns whether it was."""
    removed = whole_number(request.form.get("remove_price", ""))
    if removed is not None and removed < len(form.prices):
        del form.prices[removed]
        return True
    if "add_price" in request.form and len(form.prices) < MOST_PRICES:
        form.prices.append(PriceRow())
        return True
    return False


def refused(form: PlanForm, plan: Plan | None, found: Affected | None = None) -> ResponseReturnValue:
    return page(editor(db.session(), g.mode, form, plan, found)), 422


def page(shown: Editor) -> str:
    template = "plans/_form.html" if htmx.is_partial(request) else "plans/edit.html"
    offered = plan_starters.TEMPLATES if request.endpoint == "plans.new" else ()
    return render_template(template, editor=shown, form=shown.form, templates=offered)


def plan_or_404(plan_id: int) -> Plan:
    plan = plans.find_plan(db.session(), plan_id)
    if plan is None:
        abort(404, "There is no such plan.")
    return plan
