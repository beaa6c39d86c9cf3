"""The measurement of meter events: that it prepares and sends each client's event, once."""

from pathlib import Path

import pytest

from benchmarks import metering
from benchmarks.databases import DATABASES


@pytest.mark.parametrize("kind", DATABASES)
def test_the_use_of_each_client_is_prepared_and_sent(kind: str, tmp_path: Path) -> None:
    done = metering.measured(kind, tmp_path, 12, 0.0)

    assert done.events == 12
    assert metering.row(0, done).count("|") == 7
