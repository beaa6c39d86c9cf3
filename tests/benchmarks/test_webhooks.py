"""The measurement itself: that it runs, and that it sends what Stripe would send."""

import argparse
import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import report, webhooks
from benchmarks.measuring import ROUNDS
from benchmarks.stories import stream

ROUND = 10


def options(tmp_path: Path, *arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    webhooks.add_arguments(parser)
    return parser.parse_args(["--folder", str(tmp_path), "--events", str(ROUND * (ROUNDS + 1)), *arguments])


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_portal_is_measured_beside_the_floor_empty_and_filled(kind: str, tmp_path: Path) -> None:
    empty, filled = webhooks.measure(kind, tmp_path, options(tmp_path, "--filled", "50"))

    assert [empty.name, filled.name[: len(kind) + 11]] == [kind, f"{kind}, 50 events"]
    assert len(filled.portal.rounds) == len(filled.floor.rounds) == ROUNDS
    assert empty.ratio > 0
    assert report.lines(empty).count("\n") == 1


def test_every_run_sends_the_same_events() -> None:
    assert stream("twice", 50) == stream("twice", 50)


def test_events_have_the_size_of_stripes() -> None:
    sizes = [len(event.body.encode()) for event in stream("sizes", 500)]

    assert 1800 < min(sizes) < max(sizes) < 6000


def test_a_third_of_the_objects_have_events_that_share_a_second() -> None:
    seconds = Counter((event.object_id, json.loads(event.body)["created"]) for event in stream("ties", 2000))
    objects = {object_id for object_id, _ in seconds}
    tied = {object_id for (object_id, _), count in seconds.items() if count > 1}

    assert len(tied) / len(objects) > 1 / 3
