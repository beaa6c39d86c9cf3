"""The ladder of failing payments: what may be typed, and whom a change concerns."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.common.form_errors import FormErrors
from billingportal.domain.dunning import ladder
from billingportal.domain.dunning import settings as dunning_settings
from billingportal.domain.dunning.ladder import Ladder
from billingportal.models import AuditEntry, Client, Entitlement
from billingportal.models.auth.staff import Staff


def typed(warn: str, limit: str = "", suspend: str = "") -> dict[str, str]:
    return {"warn_after_days": warn, "limit_after_days": limit, "suspend_after_days": suspend}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (typed("3", "7", "14"), Ladder(3, 7, 14)),
        (typed("0", "1", "2"), Ladder(0, 1, 2)),
        (typed(" 3 ", "", "14"), Ladder(3, None, 14)),
        (typed("365"), Ladder(365, None, None)),
    ],
)
def test_what_is_left_empty_is_never_done(given: dict[str, str], read: Ladder) -> None:
    assert dunning_settings.read_ladder(given) == read


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        (typed("", "7"), ["warn_after_days"]),
        (typed("-1", "1.5", "x"), ["warn_after_days", "limit_after_days", "suspend_after_days"]),
        (typed("366"), ["warn_after_days"]),
        (typed("³"), ["warn_after_days"]),
        (typed("9" * 5000), ["warn_after_days"]),
        (typed("7", "7"), ["limit_after_days"]),
        (typed("3", "7", "7"), ["suspend_after_days"]),
        (typed("3", "", "2"), ["suspend_after_days"]),
        (typed("9", "8", "7"), ["limit_after_days", "suspend_after_days"]),
    ],
)
def test_each_mistake_is_told_at_its_field(given: dict[str, str], fields: list[str]) -> None:
    with pytest.raises(FormErrors) as told:
        dunning_settings.read_ladder(given)

    assert [refusal.field for refusal in told.value.refusals] == fields


def test_a_change_is_kept_told_and_concerns_who_fails_now(session: Session, owner: Staff) -> None:
    with transaction() as writing:
        failing, sound = (add_client(writing, name, is_failing=name == "Failing") for name in ("Failing", "Sound"))
    with transaction() as writing:
        assert dunning_settings.save_ladder(writing, Ladder(1, None, 9), staff_id=owner.id)
    with transaction() as writing:
        assert not dunning_settings.save_ladder(writing, Ladder(1, None, 9), staff_id=owner.id)

    session.rollback()
    assert ladder.current(session) == Ladder(1, None, 9)
    told = "Failed payments: warn after 1 day, limit never, suspend after 9 days"
    assert list(session.scalars(select(AuditEntry.summary))) == [told]
    assert session.get_one(Client, failing).evaluation_due_at is not None
    assert session.get_one(Client, sound).evaluation_due_at is None
    assert dunning_settings.counts(session, "test") == {"grace": 1}
    assert dunning_settings.counts(session, "live") == {}


def add_client(writing: Session, name: str, *, is_failing: bool) -> int:
    """A client whose payment fails or not; its id."""
    moment = clock.now()
    client = Client(
        mode="test",
        name=name,
        email="desk@harbor.example",
        canonical_email="desk@harbor.example",
        source="staff",
        created_at=moment,
    )
    writing.add(client)
    writing.flush()
    writing.add(
        Entitlement(
            client_id=client.id,
            source="none",
            access="full",
            standing="past_due" if is_failing else "free",
            step="grace" if is_failing else "none",
            failing_since=moment if is_failing else None,
            since=moment,
            evaluated_at=moment,
            changed_at=moment,
        )
    )
    return client.id
