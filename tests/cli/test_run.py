"""`bin/run` itself, as a newcomer starts it, with a data folder and a port of its own."""

import os
import re
import resource
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from billingportal.ports import answers, free_port
from tests.support.program import LIMIT, NO_SETTINGS, ROOT, Program, environment, wait_until

RUN = str(ROOT / "bin" / "run")
READY = "Ctrl-C ends it."


def run(folder: Path, port: int, *options: str) -> Program:
    """The portal with its data in a folder. Wait for READY before use."""
    return Program([RUN, "--port", str(port), "--data", str(folder / "data"), *options], folder / "output")


def refused(*options: str, settings: Mapping[str, str] = NO_SETTINGS) -> str:
    """What bin/run says when it cannot start."""
    result = subprocess.run([RUN, *options], capture_output=True, text=True, timeout=LIMIT, env=environment(settings))
    assert result.returncode != 0
    assert result.stdout == ""
    return result.stderr


def children_of(pid: int) -> list[int]:
    """The processes that a process has started, of all kinds."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found] + [grandchild for child in found for grandchild in children_of(int(child))]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


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


@pytest.mark.parametrize(("part", "name"), [(0, "web server"), (1, "worker")])
def test_when_one_part_dies_all_end_and_the_exit_code_says_so(tmp_path: Path, part: int, name: str) -> None:
    with run(tmp_path, free_port(0)) as running:
        running.wait_for(READY)
        first_level = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
        others = children_of(running.process.pid)
        os.kill(int(first_level[part]), signal.SIGKILL)
        assert running.process.wait(LIMIT) == 1
        assert f"billingportal: the {name} ended (exit code -9), so all ended.\n" in running.printed
        wait_until(lambda: not any(map(is_running, others)), "the other parts end")


def test_nothing_is_left_when_it_is_killed(tmp_path: Path) -> None:
    port = free_port(0)
    with run(tmp_path, port) as running:
        running.wait_for(READY)
        parts = children_of(running.process.pid)
        assert running.end(signal.SIGKILL) == -signal.SIGKILL
        wait_until(lambda: not any(map(is_running, parts)), "the parts end")
    assert not answers("127.0.0.1", port, "/healthz")


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
