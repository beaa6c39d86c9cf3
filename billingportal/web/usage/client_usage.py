"""One client's usage, for staff."""

from flask import Blueprint, Response, g, render_template, request

from billingportal.db import db
from billingportal.domain.client_portal.usage_page import usage_page
from billingportal.domain.limit_notices import standing
from billingportal.domain.usage.history.workspaces import workspace_days
from billingportal.web.clients.steps import client_or_404
from billingportal.web.common.rendering.client_usage import shown_usage, start_of_request
from billingportal.web.common.rendering.periods import percent_of
from billingportal.web.usage.csv_file import csv_response

blueprint = Blueprint("client_usage", __name__, url_prefix="/saas/clients")


@blueprint.get("/<id:client_id>/usage")
def show(client_id: int) -> str:
    client = client_or_404(client_id)
    return render_template(
        "usage/client.html",
        client=client,
        usage=shown_usage(client, client.name),
        notices=standing.staff_notices(db.session(), client),
        percent_of=percent_of,
    )


@blueprint.get("/<id:client_id>/usage/export.csv")
def export(client_id: int) -> Response:
    """What each workspace reported on each day of the period."""
    client, session = client_or_404(client_id), db.session()
    page = usage_page(session, client, start_of_request(), request.args.get("resource"))
    lines = [
        (
            day.isoformat(),
            resource,
            workspace.external_id or "" if workspace else "",
            workspace.name if workspace else "",
            str(used),
        )
        for day, resource, workspace, used in workspace_days(session, client.id, page.span)
    ]
    headings = ("Day (UTC)", "Resource", "Workspace external ID", "Workspace", "Used")
    return csv_response(f"usage-client-{client.id}-{g.mode}", headings, lines)
