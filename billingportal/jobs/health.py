"""Jobs that check whether everything agrees with Stripe."""

from billingportal.db import transaction
from billingportal.domain.health import staff_mail
from billingportal.domain.health.findings import runner
from billingportal.domain.health.findings.check import Surroundings
from billingportal.domain.health.findings.checks import CHECKS
from billingportal.jobs.common.job import Job
from billingportal.portal import Portal

# Seconds. A check that runs less often may take long: those run apart, so that none makes a frequent one late.
FREQUENT = 300
FREQUENT_CHECKS = tuple(check for check in CHECKS if check.seconds <= FREQUENT)
RARE_CHECKS = tuple(check for check in CHECKS if check.seconds > FREQUENT)


def surroundings_of(portal: Portal) -> Surroundings:
    return Surroundings(transaction, portal.settings, portal.vault, portal.open_gateway)


def run_frequent_checks(portal: Portal) -> None:
    """Run the checks that are due and frequent."""
    runner.run_due(surroundings_of(portal), FREQUENT_CHECKS)


def run_rare_checks(portal: Portal) -> None:
    """Run the checks that are due and rare."""
    runner.run_due(surroundings_of(portal), RARE_CHECKS)


def tell_staff(portal: Portal) -> None:
    """Queue the emails about findings that are due."""
    with transaction() as session:
        staff_mail.write_due(session, portal.settings)


JOBS = (Job(run_frequent_checks, 5), Job(run_rare_checks, 5), Job(tell_staff, 20))
