"""Every repair of every subject, by its name."""

from billingportal.domain.health.repairs import clients, connection, plans
from billingportal.domain.health.repairs.repair import Repair

REPAIRS: dict[str, Repair] = {repair.name: repair for repair in (*connection.REPAIRS, *plans.REPAIRS, *clients.REPAIRS)}
