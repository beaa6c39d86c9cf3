"""Every repair of every subject, by its name."""

from billingportal.domain.health.repairs import clients, connection, plans, rehearsals
from billingportal.domain.health.repairs.repair import Repair

EVERY = (*connection.REPAIRS, *plans.REPAIRS, *clients.REPAIRS, *rehearsals.REPAIRS)
REPAIRS: dict[str, Repair] = {repair.name: repair for repair in EVERY}
