"""The checks of `billingportal doctor`, in order."""

from collections.abc import Iterator

from billingportal.app import ROOT
from billingportal.config import environment_with
from billingportal.db import db, transaction
from billingportal.domain.health import account_checks, check_report, doctor
from billingportal.domain.health.doctor import Finding
from billingportal.domain.health.findings.check import Surroundings
from billingportal.portal import Portal
from billingportal.runtime import startup


def examine(portal: Portal) -> Iterator[Finding]:
    """All findings; a check that depends on something broken is skipped."""
    settings = portal.settings
    yield from doctor.examine_settings(settings)
    in_environment = bool(environment_with().get("PORTAL_SECRET_KEYS"))
    yield from doctor.examine_files(settings, startup.sqlite_file(), keys_from_environment=in_environment)
    session = db.session()
    database = list(doctor.examine_database(session, ROOT / "migrations"))
    yield from database
    if any(finding.state == "fail" for finding in database):
        return
    yield from account_checks.examine_secrets(session, portal.vault)
    yield from startup.examine_new_key(session, portal)
    found = account_checks.patients(session, portal.vault)
    session.rollback()
    yield from account_checks.examine_accounts(found, portal.open_gateway)
    yield from check_report.report(Surroundings(transaction, settings, portal.vault, portal.open_gateway))
