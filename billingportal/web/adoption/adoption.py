"""SaaS > Clients > Customers without a client: adopt customers who subscribed outside of the portal."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from flask import Blueprint, abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func
from sqlalchemy.orm import Session
from wtforms import StringField

from billingportal.db import db, transaction
from billingportal.domain.adoption import adoption, unlinked_customers
from billingportal.domain.adoption import matching as adoption_matching
from billingportal.domain.adoption.matching import Candidate
from billingportal.domain.adoption.unlinked_customers import CustomerPage
from billingportal.domain.clients import search as client_search
from billingportal.domain.clients.search import Wanted
from billingportal.domain.connection import processor_accounts
from billingportal.errors import Refusal
from billingportal.limits import page_number, search_words, whole_number
from billingportal.models import Customer, ProcessorAccount
from billingportal.models.connection.processor_account import Mode
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm
from billingportal.web.common.urls import in_dashboard

blueprint = Blueprint("adoption", __name__, url_prefix="/saas/clients/adoption")
EDITORS = ("owner", "admin")
Act = Callable[[Session, ProcessorAccount], str]


class AdoptionForm(PortalForm):
    """Creates a client from a customer; its fields start with the customer's data at Stripe."""

    name = StringField("Business name")
    email = StringField("Email address", description="Billing letters go there.")
    workspace_name = StringField("First workspace", description="Empty: no workspace yet.")

    @classmethod
    def of_candidate(cls, known: Candidate) -> "AdoptionForm":
        return cls(data={"name": known.name, "email": known.customer.email, "workspace_name": known.name})


@dataclass(frozen=True)
class Listed:
    """One page of customers. `ready` counts the customers of all pages that need no decision."""

    page: CustomerPage
    candidates: list[Candidate]
    words: str
    is_ignored: bool
    ready: int
    ignored: int

    @property
    def query(self) -> dict[str, object]:
        """The URL parameters of this page of the list."""
        place = {"q": self.words, "page": self.page.number if self.page.number > 1 else None}
        return {name: value for name, value in place.items() if value}


@blueprint.app_template_global("unowned_customers")
def unowned_customers(mode: Mode) -> int:
    """How many customers with a running subscription belong to no client."""
    account = processor_accounts.connected(db.session(), mode)
    return unlinked_customers.count_customers(db.session(), account.id) if account is not None else 0


@blueprint.app_template_global("requested_customers")
def requested_customers(mode: Mode) -> int:
    """How many of them tried to sign up or to buy."""
    account = processor_accounts.connected(db.session(), mode)
    return unlinked_customers.count_requested(db.session(), account.id) if account is not None else 0


@blueprint.get("")
def index() -> str:
    return list_page()


@blueprint.get("/ignored")
def ignored() -> str:
    return list_page(is_ignored=True)


def list_page(*, is_ignored: bool = False, refusal: str | None = None) -> str:
    """The list alone for htmx, else the whole page."""
    account = processor_accounts.connected(db.session(), g.mode)
    template = "adoption/_list.html" if htmx.is_partial(request) else "adoption/index.html"
    return render_template(
        template,
        account=account,
        listed=listed(db.session(), account, is_ignored=is_ignored) if account else None,
        is_ignored=is_ignored,
        refusal=refusal,
        may_change=current_staff().role in EDITORS,
        dashboard=partial(in_dashboard, g.mode),
    )


def listed(session: Session, account: ProcessorAccount, *, is_ignored: bool) -> Listed:
    words = search_words(request.args.get("q", ""))
    number = page_number(request.args.get("page", ""))
    page = unlinked_customers.customer_page(session, account.id, words, number, ignored=is_ignored)
    ready = session.scalar(unlinked_customers.ready_customers(account).with_only_columns(func.count())) or 0
    return Listed(
        page,
        adoption_matching.candidates(session, account, page.customers),
        words,
        is_ignored,
        0 if is_ignored else ready,
        unlinked_customers.count_customers(session, account.id, ignored=True),
    )


@blueprint.post("/clients")
@require_role("owner", "admin")
def create_clients() -> ResponseReturnValue:
    """Create a client from every customer that needs no decision."""
    account = account_or_404()
    made = adoption.make_clients(transaction, account.id, staff_id=current_staff().id)
    return done("1 client is there." if made == 1 else f"{made} clients are there." if made else "No client was made.")


@blueprint.get("/<public:customer_id>")
@require_role("owner", "admin")
def show(customer_id: str) -> str:
    """One customer: create a client from it, or choose an existing client."""
    known = candidate_or_404(customer_id)
    return choice_page(known, AdoptionForm.of_candidate(known))


def choice_page(known: Candidate, form: AdoptionForm) -> str:
    words = search_words(request.args.get("q", ""))
    found = client_search.search_clients(db.session(), g.mode, Wanted(words=words)).rows if words else []
    shown = {match.client_id for match in known.matches}
    return render_template(
        "adoption/show.html",
        known=known,
        form=form,
        words=words,
        found=[client for client, _ in found if client.archived_at is None and client.id not in shown],
        is_found=bool(found),
        dashboard=partial(in_dashboard, g.mode),
    )


@blueprint.post("/<public:customer_id>/client")
@require_role("owner", "admin")
def create_client(customer_id: str) -> ResponseReturnValue:
    """Create a client from the form, or from the customer's data at Stripe when no form was sent."""
    known = candidate_or_404(customer_id)
    form = AdoptionForm.of_request() if "name" in request.form else AdoptionForm.of_candidate(known)

    def make(session: Session, account: ProcessorAccount) -> str:
        typed = {field.name: field.data or "" for field in form}
        made = adoption.make_client(session, account, customer_id, **typed, staff_id=current_staff().id)
        return f"{made.name} is a client now."

    try:
        words = acted(make)
    except Refusal as refusal:
        form.refuse(refusal)
        return refused(refusal) if htmx.is_partial(request) else (choice_page(known, form), 422)
    return done(words)


@blueprint.post("/<public:customer_id>/link")
@require_role("owner", "admin")
def create_link(customer_id: str) -> ResponseReturnValue:
    client_id = whole_number(request.form.get("client_id", "")) or 0

    def link(session: Session, account: ProcessorAccount) -> str:
        made = adoption.link_customer(session, account, customer_id, client_id, staff_id=current_staff().id)
        return f"{customer_id} is {made.name} now."

    return answered(link)


@blueprint.post("/<public:customer_id>/ignoring")
@require_role("owner", "admin")
def create_ignoring(customer_id: str) -> ResponseReturnValue:
    def ignore(session: Session, account: ProcessorAccount) -> str:
        customer = adoption.ignore_customer(session, account, customer_id, staff_id=current_staff().id)
        return f"{called(customer)} is left alone. You find it under “Not ours”."

    return answered(ignore)


@blueprint.post("/<public:customer_id>/ignoring/removal")
@require_role("owner", "admin")
def destroy_ignoring(customer_id: str) -> ResponseReturnValue:
    def consider(session: Session, account: ProcessorAccount) -> str:
        customer = adoption.stop_ignoring(session, account, customer_id, staff_id=current_staff().id)
        return f"{called(customer)} waits for a decision again."

    return answered(consider, is_ignored=True)


def called(customer: Customer) -> str:
    return customer.name or customer.email or customer.stripe_customer_id


def answered(act: Act, *, is_ignored: bool = False) -> ResponseReturnValue:
    """Run one action and show the updated list."""
    try:
        words = acted(act)
    except Refusal as refusal:
        return refused(refusal, is_ignored=is_ignored)
    return done(words, is_ignored=is_ignored)


def acted(act: Act) -> str:
    """Run one action in a transaction. Returns its message. Raises Refusal."""
    with transaction() as session:
        account = processor_accounts.connected(session, g.mode)
        if account is None:
            raise Refusal("", f"Stripe is not connected in {g.mode} mode.")
        return act(session, account)


def refused(refusal: Refusal, *, is_ignored: bool = False) -> ResponseReturnValue:
    return list_page(refusal=refusal.message, is_ignored=is_ignored), 422


def done(words: str, *, is_ignored: bool = False) -> ResponseReturnValue:
    if htmx.is_partial(request):
        return htmx.with_toast(list_page(is_ignored=is_ignored), "ok", words)
    flash(words)
    page = "adoption.ignored" if is_ignored else "adoption.index"
    return htmx.redirect(url_for(page, q=request.args.get("q"), page=request.args.get("page")))


def account_or_404() -> ProcessorAccount:
    return processor_accounts.connected(db.session(), g.mode) or abort(
        404, f"Stripe is not connected in {g.mode} mode."
    )


def candidate_or_404(customer_id: str) -> Candidate:
    reading, account = db.session(), account_or_404()
    customer = adoption.find_customer(reading, account.id, customer_id)
    if customer is None or customer.deleted_at is not None:
        abort(404, "There is no such customer in Stripe.")
    (known,) = adoption_matching.candidates(reading, account, [customer])
    return known
