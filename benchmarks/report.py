"""The result as a table for the README, with the size of the machine."""

import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring import Comparison, Figures

HEAD = "| inbox | | events/s | p50 ms | p99 ms | RSS MiB | PSS MiB | ratio |\n|---|---|---|---|---|---|---|---|"


def machine() -> str:
    """Processors, memory and model, from the kernel."""
    model = field_of("/proc/cpuinfo", "model name")
    gibibytes = int(field_of("/proc/meminfo", "MemTotal").split()[0]) / 1024**2
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    return f"{cores} cores of {model}, {gibibytes:.0f} GiB; load at the start {load:.1f}"


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that this percentage of the values does not exceed."""
    return sorted(values)[(len(values) - 1) * percent // 100]


def field_of(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "unknown"


def lines(comparison: Comparison) -> str:
    return "\n".join(
        [
            line(comparison.name, "portal", comparison.portal, f"{comparison.ratio:.2f}"),
            line(comparison.name, "floor", comparison.floor, ""),
        ]
    )


def line(name: str, side: str, figures: Figures, ratio: str) -> str:
    p50, p99 = figures.percentile(50), figures.percentile(99)
    return (
        f"| {name} | {side} | {figures.rate:.0f} | {p50:.1f} | {p99:.1f} |"
        f" {figures.rss:.0f} | {figures.pss:.0f} | {ratio} |"
    )
