"""What a run says: its progress, its summary, and one request with all that came of it."""

import sys
import time

from tests.fuzz.requests.attempts import Attempt, Outcome
from tests.fuzz.running import Report


def progress(name: str, report: Report, requests: int, started: float) -> None:
    """One line that is written over and over."""
    rate = report.sent / max(time.monotonic() - started, 0.001)
    line = f"{name}: {report.sent:,} of {requests:,}, {rate:.0f} a second, faults: {len(report.faults)}"
    sys.stderr.write(f"\r{line}   " if sys.stderr.isatty() or report.sent < requests else f"\r{line}\n")
    sys.stderr.flush()


def summary(name: str, seed: int, report: Report, seconds: float) -> str:
    """The whole run in some lines, then each kind of fault with a way to repeat it."""
    slow, where = report.slowest
    lines = [
        f"{name}, seed {seed}: {report.sent:,} requests in {seconds:.0f} s to {len(report.routes)} routes",
        "  callers: " + ", ".join(f"{who} {count:,}" for who, count in sorted(report.callers.items())),
        "  statuses: " + ", ".join(f"{status}: {count:,}" for status, count in sorted(report.statuses.items())),
        f"  slowest: {slow:.2f} s, {where}; mean {1000 * report.seconds / max(report.sent, 1):.1f} ms",
        f"  faults: {len(report.faults)}",
    ]
    for (kind, place), (count, first, fault) in sorted(report.faults.items(), key=lambda item: -item[1][0]):
        lines.append(f"  - {kind}: {place}, {count} times")
        lines.append(f"      {fault.attempt}")
        lines.append(f"      ./bin/fuzz --seed {seed} --database {name} --repeat {first}")
        if fault.outcome.error:
            lines.append(f"      {fault.outcome.error.strip().splitlines()[-1][:300]}")
    return "\n".join(lines) + "\n"


def told(attempt: Attempt, outcome: Outcome) -> str:
    """One request and its answer."""
    body = outcome.error or outcome.text[:2000]
    return f"{attempt}\n{outcome.status} in {outcome.seconds:.2f} s\n{body}\n"
