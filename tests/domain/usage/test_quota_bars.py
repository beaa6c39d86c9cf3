"""Quota bars: how much is used, and what that means."""

import pytest

from billingportal.domain.usage import quota_bars
from billingportal.models import EntitledQuota, Resource
from billingportal.models.plans.plan_quota import Reaction


def row(quota: int | None, reaction: Reaction = "block", name: str = "Contacts") -> EntitledQuota:
    resource = Resource(id=1, key=name.lower(), name=name, unit=name.lower(), kind="gauge", position=0)
    return EntitledQuota(resource_id=1, quota=quota, reaction=reaction, source="plan", resource=resource)


@pytest.mark.parametrize(
    ("quota", "reaction", "used", "percent", "kind", "note"),
    [
        (None, "block", 10**9, 0, None, ""),
        (1000, "block", 0, 0, None, ""),
        (1000, "block", 799, 79, None, ""),
        (1000, "block", 800, 80, "warn", "80% used."),
        (1000, "block", 1000, 100, "warn", "Full. No more contacts can be added."),
        (1000, "warn", 1000, 100, "warn", "Full. More is let pass."),
        (1000, "bill", 1000, 100, "info", "Full. More is billed."),
        (1000, "block", 2120, 212, "bad", "1,120 over the quota. No more contacts can be added."),
        (1000, "warn", 1001, 100, "bad", "1 over the quota."),
        (1000, "bill", 2120, 212, "info", "1,120 more than included. They are billed."),
        (0, "block", 0, 0, None, ""),
        (0, "block", 1, 200, "bad", "1 over the quota. No more contacts can be added."),
    ],
)
def test_a_bar_says_how_much_is_used_and_what_it_means(
    quota: int | None, reaction: Reaction, used: int, percent: int, kind: str | None, note: str
) -> None:
    found = quota_bars.bar(row(quota, reaction), used)

    assert (found.percent, found.severity, found.note) == (percent, kind, note)


def test_the_closest_is_the_one_of_which_most_is_used() -> None:
    rows = [row(100), row(None, name="Channels"), row(10, name="Workspaces")]
    for place, one in enumerate(rows):
        one.resource_id = place

    found = quota_bars.closest(rows, {0: 30, 1: 10**6, 2: 9})

    assert found is not None
    assert found.label == "Workspaces"
    assert quota_bars.closest(rows, {}) is None
