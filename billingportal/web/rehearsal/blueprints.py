"""The blueprints of this subject."""

from billingportal.web.rehearsal import rehearsals, reports

BLUEPRINTS = (reports.blueprint, rehearsals.blueprint)
