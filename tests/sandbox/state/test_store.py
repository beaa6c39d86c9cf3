"""State that outlives the process."""

import subprocess
import sys
from pathlib import Path

import pytest

from billingportal.sandbox.state.store import first_world, load, save
from tests.sandbox.build import running_subscription
from tests.support.stripe.sandbox import REPOSITORY, SandboxProcess


def test_a_restart_finds_everything_as_it_was(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as first:
        account = first.account()
        subscription = running_subscription(first.client(account.test_key))
        before = first.objects(account.id, "test", "subscription")
        assert first.stop() == 0
    assert (first.state.stat().st_mode & 0o777) == 0o600
    with SandboxProcess(tmp_path) as second:
        assert second.account() == account
        assert second.objects(account.id, "test", "subscription") == before
        assert second.client(account.test_key).v1.subscriptions.retrieve(subscription.id).status == "active"


def test_the_first_line_tells_the_address(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as running:
        assert running.first_line == f"Stripe sandbox at {running.url}"


def test_saving_and_loading_agree(tmp_path: Path) -> None:
    world, path = first_world(), tmp_path / "state.json"
    save(world, path)
    again = load(path)
    assert again.accounts == world.accounts
    assert again.keys == world.keys


def test_a_state_of_another_version_is_told(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"format": 1, "accounts": [], "keys": []}')
    with pytest.raises(ValueError, match="Move it away to start anew"):
        load(path)


def test_a_file_that_is_no_state_stops_the_start_with_one_line(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("[]")
    with pytest.raises(ValueError, match="no state of this sandbox"):
        load(path)
    command = [sys.executable, "-m", "billingportal.sandbox", "--port", "0", "--state", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=20)
    assert ended.returncode == 1
    assert ended.stderr.startswith("The sandbox cannot start:")
    assert len(ended.stderr.splitlines()) == 1
