"""`bin/run` itself, as a newcomer starts it, with a data folder and a port of its own."""

import re
import resource
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from billingportal.runtime.ports import free_port
from tests.support.program import LIMIT, NO_SETTINGS, environment
from tests.support.running import READY, RUN, children_of, is_running, run


def refused(*options: str, settings: Mapping[str, str] = NO_SETTINGS) -> str:
    """What bin/run says when it cannot start."""
    result = subprocess.run([RUN, *options], capture_output=True, text=True, timeout=LIMIT, env=environment(settings))
    assert result.returncode != 0
    assert result.stdout == ""
    return result.stderr


def test_it_starts_tells_the_address_and_the_setup_link_and_ends_with_all_its_parts(tmp_path: Path) -> None:
    port = free_port(0)
    with run(tmp_path, port) as running:
        running.wait_for(READY)
        link = re.search(rf"http://127\.0\.0\.1:{port}/setup/[\w-]+", running.printed)
        assert link is not None
        with urllib.request.urlopen(link.group(), timeout=20) as page:
            assert page.status == 200
        parts = children_of(running.process.pid)
        assert len(parts) >= 3
        assert running.end(signal.SIGINT) == 0
        assert not [part for part in parts if is_running(part)]
        assert "Traceback" not in running.printed
        assert link.group().rpartition("/")[2] not in running.printed.replace(link.group(), "")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_second_run_reuses_everything_and_does_little(tmp_path: Path) -> None:
    for _ in range(2):
        before = processor_seconds()
        with run(tmp_path, free_port(0)) as running:
            running.wait_for(READY)
            key = (tmp_path / "data" / "secret_key").read_text()
            assert running.end(signal.SIGTERM) == 0
    assert "Installing" not in running.printed
    assert (tmp_path / "data" / "secret_key").read_text() == key
    # Up within three seconds where nothing else runs. Work is counted, not time, since tests share their machine.
    assert processor_seconds() - before < 6


def processor_seconds() -> float:
    """What all processes that this one started, and waited for, have used of the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_with_the_sandbox_it_prints_the_keys_to_paste_and_keeps_them(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        with run(tmp_path, free_port(0), "--sandbox") as running:
            running.wait_for(READY)
            found = re.search(r"test: (sk_test_\w+)", running.printed)
            page = re.search(r"Stripe sandbox at (http://127\.0\.0\.1:\d+)", running.printed)
            assert found is not None
            assert page is not None
            with urllib.request.urlopen(page.group(1), timeout=20) as answer:
                assert answer.status == 200
            keys.append(found.group(1))
            assert running.end() == 0
    assert keys[0] == keys[1]


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused("--port", str(port), "--data", str(tmp_path)) == (
            f"billingportal: port {port} on 127.0.0.1 is taken. Stop what uses it, or choose another one with --port.\n"
        )


def test_a_host_of_another_machine_is_one_clear_line(tmp_path: Path) -> None:
    said = refused("--host", "192.0.2.1", "--data", str(tmp_path))
    assert said.startswith("billingportal: cannot listen on 192.0.2.1 (")
    assert said.count("\n") == 1


def test_a_folder_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = refused("--data", str(tmp_path / "file" / "data"))
    assert said.startswith("billingportal: PORTAL_DATA_DIR: the folder ")
    assert said.count("\n") == 1


def test_a_wrong_setting_is_one_clear_line(tmp_path: Path) -> None:
    said = refused("--data", str(tmp_path), settings={"PORTAL_LOG_FORMAT": "xml"})
    assert said == "billingportal: PORTAL_LOG_FORMAT: expected text or json\n"
