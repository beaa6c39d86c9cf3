"""SaaS > Health > This machine: the worker's jobs, the disk and the database."""

from flask import Blueprint, render_template

from billingportal.clock import now
from billingportal.db import db
from billingportal.domain.health.findings.machine import jobs
from billingportal.domain.health.findings.machine.worker import heartbeat, worker_gone

blueprint = Blueprint("machine", __name__, url_prefix="/saas/health/machine")


@blueprint.get("")
def show() -> str:
    session, moment = db.session(), now()
    return render_template(
        "health/machine.html",
        jobs=jobs.listed_jobs(session),
        is_late=lambda run: jobs.is_late(run, moment),
        heartbeat=heartbeat(session),
        gone=worker_gone(session, moment),
    )
