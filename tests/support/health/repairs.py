"""Presses the button of a finding that stands."""

from billingportal.domain.health.repairs.repairs import REPAIRS
from billingportal.jobs.health import surroundings_of
from tests.support.health.checks import found
from tests.support.health.shops import staff_member
from tests.support.stripe.worlds import World


def press(world: World, key: str) -> str:
    """Make the repair; its words."""
    finding = found(world, key)
    assert finding is not None
    arguments = finding.action["arguments"]
    assert isinstance(arguments, dict)
    return REPAIRS[str(finding.action["name"])].run(surroundings_of(world.portal), arguments, staff_member())
