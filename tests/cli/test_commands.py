import os
import signal
import socket
import sqlite3
from pathlib import Path

import pytest

from billingportal.cli import main
from tests.support.program import COMMAND, Program, portal


def end_of_main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """Run the command in this process; its exit code."""
    monkeypatch.setattr("sys.argv", ["billingportal", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PORTAL_DATABASE_URL", "mysql://localhost", "expected sqlite:///FILE or postgresql://USER@HOST/NAME"),
        ("PORTAL_SECRET_KEYS", "short", "expected keys of 32 characters or more, with commas between"),
        ("PORTAL_PUBLIC_URL", "billing.example.com", "expected an address such as https://billing.example.com"),
        ("PORTAL_STRIPE_API_BASE", "ftp://x", "expected an address such as https://billing.example.com"),
        ("PORTAL_TRUSTED_PROXIES", "yes", "expected the number of proxies in front, from 0 to 9"),
        ("PORTAL_LOG_FORMAT", "xml", "expected text or json"),
        ("PORTAL_ALLOW_PRIVATE_WEBHOOKS", "true", "expected yes or no"),
        ("PORTAL_METRICS_TOKEN", "short", "expected a text of 32 characters or more"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line_that_names_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    expected: str,
) -> None:
    monkeypatch.setenv("PORTAL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv(variable, value)
    assert end_of_main(monkeypatch, "tick") == 2
    assert capsys.readouterr() == ("", f"billingportal: {variable}: {expected}\n")


def test_a_data_folder_that_cannot_be_made_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PORTAL_DATA_DIR", str(tmp_path / "file" / "data"))
    assert end_of_main(monkeypatch, "tick") == 2
    said = capsys.readouterr().err
    assert said.startswith("billingportal: PORTAL_DATA_DIR: the folder ")
    assert said.count("\n") == 1


def test_a_database_without_tables_is_told_in_one_line(tmp_path: Path) -> None:
    result = portal("setup-link", settings={"PORTAL_DATA_DIR": str(tmp_path)})
    assert result.returncode == 1
    assert result.stderr.startswith("billingportal: the database says: no such table")
    assert result.stderr.count("\n") == 1


def test_a_database_that_is_away_is_told_in_one_line(tmp_path: Path) -> None:
    away = "postgresql://nobody@127.0.0.1:9/nothing"
    result = portal("tick", settings={"PORTAL_DATA_DIR": str(tmp_path), "PORTAL_DATABASE_URL": away})
    assert result.returncode == 1
    assert result.stderr.startswith("billingportal: the database says: connection")
    assert result.stderr.count("\n") == 1


def test_a_new_installation_is_migrated_ticked_and_opened_by_its_commands(tmp_path: Path) -> None:
    settings = {"PORTAL_DATA_DIR": str(tmp_path / "data"), "PORTAL_PUBLIC_URL": "https://billing.example.com"}
    assert portal("db", "upgrade", settings=settings).returncode == 0
    ticked = portal("tick", settings=settings)
    assert (ticked.returncode, ticked.stderr) == (0, "")
    assert ticked.stdout.splitlines() == [
        "check_accounts: done",
        "catch_up: done",
        "reconcile_events: done",
        "read_failed_again: done",
        "prune_events: done",
        "evaluate_clients: done",
        "announce_changes: done",
        "evaluate_premature: done",
        "expire_reservations: done",
        "fetch_missing: done",
        "recover_checkouts: done",
        "forget_sign_ups: done",
        "read_payment_attempts: done",
        "read_invoice_lines: done",
        "finish_plan_changes: done",
        "follow_scheduled_terms: done",
        "remind_of_trials: done",
        "work_on_price_moves: done",
        "work_on_promotions: done",
        "expire_checkouts_of_other_mode: done",
        "ask_facts: done",
        "answer_link_requests: done",
        "send_mails: done",
        "deliver_messages: done",
        "switch_off_failing_endpoints: done",
        "prune_messages: done",
        "prune_sessions: done",
        "prune_answers: done",
        "begin_periods: done",
        "look_after_pools: done",
        "recount_clients: done",
        "prune_records: done",
        "check_limits: done",
        "count_usage_of_today: done",
        "count_usage_of_earlier_days: done",
        "follow_client_meters: done",
        "prepare_meter_events: done",
        "look_after_held_back: done",
        "send_live_meter_events: done",
        "send_test_meter_events: done",
        "list_error_reports: done",
        "read_error_reports: done",
        "compare_live_totals: done",
        "compare_test_totals: done",
        "sum_ledger: done",
        "rehearse: done",
        "write_reports: done",
        "delete_left_behind_clocks: done",
        "run_frequent_checks: done",
        "run_rare_checks: done",
        "tell_staff: done",
        "run_audits: done",
    ]
    link = portal("setup-link", settings=settings).stdout
    assert link.startswith("https://billing.example.com/setup/")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_help_makes_nothing(tmp_path: Path) -> None:
    result = portal("--help", cwd=tmp_path)
    assert result.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_the_sandbox_is_started_with_its_own_options(tmp_path: Path) -> None:
    result = portal("sandbox", "--help", cwd=tmp_path)
    assert result.returncode == 0
    assert "--state" in result.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_worker_ends_cleanly_when_told_to(tmp_path: Path, number: signal.Signals) -> None:
    settings = {"PORTAL_DATA_DIR": str(tmp_path / "data")}
    assert portal("db", "upgrade", settings=settings).returncode == 0
    with Program([str(COMMAND), "worker"], tmp_path / "output", settings=settings) as worker:
        worker.wait_for("the worker runs")
        assert worker.end(number) == 0
        assert "Traceback" not in worker.printed


def test_a_job_that_fails_is_logged_and_the_worker_goes_on(tmp_path: Path) -> None:
    settings = {"PORTAL_DATA_DIR": str(tmp_path / "data")}
    with Program([str(COMMAND), "worker"], tmp_path / "output", settings=settings) as worker:
        worker.wait_for("no such table: processor_account")
        assert portal("db", "upgrade", settings=settings).returncode == 0
        failures = worker.printed.count("raised an exception")
        assert failures > 0
        assert worker.process.poll() is None
        assert worker.end() == 0


def test_serve_answers_and_ends_cleanly(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"PORTAL_DATA_DIR": str(tmp_path / "data"), "PORTAL_LOG_FORMAT": "json"}
    command = [str(COMMAND), "serve", "--port", str(port), "--workers", "1"]
    with Program(command, tmp_path / "output", settings=settings) as server:
        server.wait_for("Booting worker")
        with socket.create_connection(("127.0.0.1", port), timeout=20) as visitor:
            visitor.sendall(b"GET /healthz?secret=1 HTTP/1.0\r\n\r\n")
            assert b" 200 OK" in visitor.recv(100)
        server.wait_for('"path": "/healthz"')
        assert server.end(signal.SIGTERM) == 0
        assert "secret=1" not in server.printed


def test_the_database_file_is_only_as_open_as_its_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert portal("db", "upgrade", settings={"PORTAL_DATA_DIR": str(data)}).returncode == 0
    with sqlite3.connect(data / "portal.sqlite3") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    assert os.stat(data).st_mode & 0o077 == 0
