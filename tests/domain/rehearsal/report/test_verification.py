"""A changed report is recognised, and where; an unchanged one verifies with the public key alone."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from billingportal.domain.rehearsal.report.canonical import NotCanonical, canonical, read
from billingportal.domain.rehearsal.report.envelope import seal_report
from billingportal.domain.rehearsal.report.places import differences, places_of
from billingportal.domain.rehearsal.report.signing_key import SigningKey, key_words, own_keys
from billingportal.domain.rehearsal.report.verification import verify
from billingportal.models import ReportKey
from tests.support.metering.metered import Metered
from tests.support.rehearsal.reports import add_ended, sign

Whole = dict[str, Any]
one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
REPORTS = st.dictionaries(st.text(max_size=5), VALUES, min_size=1, max_size=4)


@pytest.fixture
def file(messages: Metered) -> str:
    return sign(add_ended(messages.world.row().id, messages.plan_id, fails=True))


def steps_of(whole: Whole) -> list[Whole]:
    steps: list[Whole] = whole["report"]["lives"][0]["steps"]
    return steps


def change_digit(whole: Whole) -> None:
    steps_of(whole)[1]["checks"][2]["seen"] = "$77.00"


def change_verdict(whole: Whole) -> None:
    whole["report"]["verdict"] = "passed"


def change_step_verdict(whole: Whole) -> None:
    steps_of(whole)[1]["verdict"] = "passed"


def remove_step(whole: Whole) -> None:
    del steps_of(whole)[1]


def remove_check(whole: Whole) -> None:
    del steps_of(whole)[1]["checks"][0]


def add_step(whole: Whole) -> None:
    steps_of(whole).append({**steps_of(whole)[0], "id": "9 renewal"})


def change_count(whole: Whole) -> None:
    whole["report"]["counts"]["differs"] = 0


def make_fraction(whole: Whole) -> None:
    whole["report"]["seconds"] = 3.5


def swap_steps(whole: Whole) -> None:
    steps_of(whole)[:2] = reversed(steps_of(whole)[:2])


def test_changes_are_recognised_with_their_places(messages: Metered, file: str) -> None:
    life = "lives[1/1 month/usd]"
    cases: list[tuple[Callable[[Whole], None], list[str]]] = [
        (change_digit, [f"{life}.steps[1 first_invoice].checks[2].seen"]),
        (change_verdict, ["verdict"]),
        (change_step_verdict, [f"{life}.steps[1 first_invoice].verdict"]),
        (remove_step, [f"{life}.steps[1 first_invoice] (removed)"]),
        (remove_check, [f"{life}.steps[1 first_invoice].checks[0] (removed)"]),
        (add_step, [f"{life}.steps[9 renewal] (added)"]),
        (change_count, ["counts.differs"]),
        (swap_steps, []),
    ]
    trusted = own_keys(messages.world.session)
    assert verify(file, trusted).verdict == "unchanged"
    for change, places in cases:
        whole = json.loads(file)
        change(whole)
        found = verify(json.dumps(whole), trusted)
        assert (found.verdict, list(found.places)) == ("changed", places), change.__name__
    whole = json.loads(file)
    make_fraction(whole)
    assert verify(json.dumps(whole), trusted).verdict == "unreadable"


@one_database
def test_only_the_layout_of_the_file_is_free(messages: Metered, file: str) -> None:
    trusted = own_keys(messages.world.session)
    whole = json.loads(file)
    assert verify(json.dumps(whole, sort_keys=True), trusted).verdict == "unchanged"
    assert verify(file.replace('"verdict": "failed"', '"verdict": "passed", "verdict": "failed"'), trusted).verdict == (
        "unreadable"
    )
    for part in whole:
        assert verify(json.dumps({**whole, part: None}), trusted).verdict in ("unreadable", "changed"), part
        assert verify(json.dumps({name: one for name, one in whole.items() if name != part}), trusted).verdict == (
            "unreadable"
        )
    assert verify(json.dumps({**whole, "note": "All right"}), trusted).verdict == "unreadable"


@one_database
def test_a_report_that_was_changed_and_signed_again_is_of_another_portal(messages: Metered, file: str) -> None:
    whole = json.loads(file)
    change_verdict(whole)
    forged = seal_report(whole["report"], new_key()).to_text()
    assert verify(forged, own_keys(messages.world.session)).verdict == "other"
    moved = {**json.loads(forged), "public_key": whole["public_key"]}
    assert verify(json.dumps(moved), own_keys(messages.world.session)).verdict == "changed"


@one_database
def test_an_unchanged_report_verifies_elsewhere_with_the_public_key_alone(
    messages: Metered, file: str, tmp_path: Path
) -> None:
    """In another process, with an empty folder and no settings of this portal."""
    (report := tmp_path / "report.json").write_text(file, encoding="utf-8")
    (key,) = own_keys(messages.world.session)
    done = verify_elsewhere(tmp_path, str(report), "--public-key", key_words(key))
    assert (done.returncode, done.stdout) == (0, f"Unchanged. Signed with the key {key_words(key)}.\n")
    assert "Compare the key" in verify_elsewhere(tmp_path, str(report)).stdout
    other = verify_elsewhere(tmp_path, str(report), "--public-key", key_words(new_key().public_key))
    assert (other.returncode, other.stdout.split(",")[0]) == (1, "Signed by another portal")
    report.write_text(file.replace("$97.00", "$77.00"), encoding="utf-8")
    changed = verify_elsewhere(tmp_path, str(report), "--public-key", key_words(key))
    assert changed.returncode == 1
    assert changed.stdout.splitlines()[1] == "  lives[1/1 month/usd].steps[1 first_invoice].checks[2].seen"


def verify_elsewhere(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    (home := folder / "elsewhere").mkdir(exist_ok=True)
    command = [str(Path(sys.executable).parent / "billingportal"), "verify-report", *arguments]
    done = subprocess.run(command, cwd=home, env={"PATH": ""}, text=True, capture_output=True, check=False)
    assert list(home.iterdir()) == []
    return done


def new_key() -> SigningKey:
    private = Ed25519PrivateKey.generate()
    return SigningKey(private, private.public_key().public_bytes_raw().hex())


@one_database
def test_the_private_key_is_sealed_and_a_lost_one_is_replaced(messages: Metered, file: str) -> None:
    session = messages.world.session
    (row,) = session.query(ReportKey).all()
    assert row.private_key_sealed is not None
    assert messages.world.portal.vault.can_open(row.private_key_sealed)
    with_new = sign(add_ended(messages.world.row().id, messages.plan_id))
    assert json.loads(with_new)["public_key"] == json.loads(file)["public_key"]


@given(REPORTS)
def test_every_change_of_one_value_is_found_at_its_place(report: Whole) -> None:
    signed = places_of(report)
    assert read(canonical(report)) == report
    assert differences(signed, places_of(json.loads(canonical(report)))) == []
    text = seal_report(report, KEY).to_text()
    assert verify(text, [KEY.public_key]).verdict == "unchanged"


@given(REPORTS, REPORTS)
def test_two_reports_that_differ_have_two_texts(one: Whole, other: Whole) -> None:
    assert (canonical(one) == canonical(other)) == (repr_of(one) == repr_of(other))


def repr_of(value: Any) -> str:
    """Tells 1 from True, and no order of names."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{repr_of(value[name])}" for name in sorted(value)) + "}"
    return "[" + ",".join(map(repr_of, value)) + "]" if isinstance(value, list) else repr(value)


def test_a_float_is_refused() -> None:
    with pytest.raises(NotCanonical):
        canonical(json.loads('{"a": [1.0]}'))


KEY = new_key()
