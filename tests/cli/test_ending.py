"""Parts that die while the portal runs, and a portal that is killed."""

import os
import signal
import socket
import sys
import urllib.request
from pathlib import Path

import pytest

from billingportal.runtime.ports import answers, free_port
from tests.support.program import COMMAND, LIMIT, Program, wait_until
from tests.support.running import READY, children_of, is_running, parts_of, run

# Three parts that end at once, and one that does not, with pauses that suit a test.
DIES_ALWAYS = """
import signal, sys
from billingportal.runtime.processes import Parts, Restarts

with Parts(Restarts(first_pause=0.01, most=2)) as parts:
    parts.start("steady part", signal.pause)
    parts.start("failing part", lambda: sys.exit(7), starts_again=True)
    sys.exit(parts.run_until_end())
"""


@pytest.mark.parametrize(("part", "name"), [(0, "web server"), (1, "worker")])
def test_a_part_that_dies_is_named_and_starts_again(tmp_path: Path, part: int, name: str) -> None:
    port = free_port(0)
    with run(tmp_path, port) as running:
        running.wait_for(READY)
        killed = parts_of(running.process.pid)[part]
        of_killed = children_of(killed)
        os.kill(killed, signal.SIGKILL)
        running.wait_for(f"the {name} ended (signal 9: Killed) and starts again in 1 s")
        # Whoever comes while the web server is away is kept waiting, not turned away.
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=LIMIT) as answer:
            assert answer.status == 200
        wait_until(lambda: len(parts_of(running.process.pid)) == 2, "it has started again")
        wait_until(lambda: not any(map(is_running, of_killed)), "what the killed one had started is gone")
        assert answers("127.0.0.1", port, "/healthz")
        assert running.end(signal.SIGTERM) == 0
    assert "Traceback" not in running.printed


def test_a_part_that_always_dies_is_given_up_and_all_end(tmp_path: Path) -> None:
    with Program([sys.executable, "-c", DIES_ALWAYS], tmp_path / "output") as running:
        wait_until(lambda: bool(parts_of(running.process.pid)), "the parts start")
        parts = parts_of(running.process.pid)
        assert running.process.wait(LIMIT) == 1
    assert not any(map(is_running, parts))
    assert running.printed.endswith(
        "billingportal: the failing part ended (exit code 7, 3 times in a row), so all ended.\n"
    )


def test_a_sandbox_that_dies_ends_all(tmp_path: Path) -> None:
    with run(tmp_path, free_port(0), "--sandbox") as running:
        running.wait_for(READY)
        others = children_of(running.process.pid)
        os.kill(parts_of(running.process.pid)[0], signal.SIGKILL)
        assert running.process.wait(LIMIT) == 1
    assert "billingportal: the sandbox ended (signal 9: Killed), so all ended.\n" in running.printed
    assert not any(map(is_running, others))


@pytest.mark.parametrize("moment", ["the worker runs", "Stripe sandbox at"])
def test_nothing_is_left_when_it_is_killed(tmp_path: Path, moment: str) -> None:
    port = free_port(0)
    with run(tmp_path, port, "--sandbox") as running:
        running.wait_for(moment)
        parts = children_of(running.process.pid)
        assert running.end(signal.SIGKILL) == -signal.SIGKILL
        wait_until(lambda: not any(map(is_running, parts)), "the parts end")
    socket.create_server(("127.0.0.1", port)).close()


def test_nothing_is_left_when_the_web_server_alone_is_killed(tmp_path: Path) -> None:
    port = free_port(0)
    settings = {"PORTAL_DATA_DIR": str(tmp_path / "data")}
    with Program([str(COMMAND), "serve", "--port", str(port)], tmp_path / "output", settings) as running:
        wait_until(lambda: len(parts_of(running.process.pid)) == 2, "its processes start")
        parts = parts_of(running.process.pid)
        assert running.end(signal.SIGKILL) == -signal.SIGKILL
        wait_until(lambda: not any(map(is_running, parts)), "its processes end")
    socket.create_server(("127.0.0.1", port)).close()
