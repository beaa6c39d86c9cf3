"""The geometry of charts that the server draws as SVG: numbers in, coordinates out. No colours, no markup.

Only the drawing stretches to the width of the page; axes and legend are text beside it. The macro `ui.series` draws it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from flask import Flask

WIDTH, HEIGHT = 1000, 200
# The share of its place that a bar takes, and the blank before it.
BAR, BEFORE_BAR = 0.72, 0.14
MOST_LABELS = 5
# A chart of fewer bars has empty places, so that no bar is as wide as the page.
LEAST_BARS = 7
SIZES = ((1_000_000_000, 1_000_000_000, "B"), (1_000_000, 1_000_000, "M"), (10_000, 1_000, "k"))
# The steps of an axis are these times a power of ten, divided by ten.
STEPS = (10, 20, 25, 50)

Kind = Literal["bars", "line"]


@dataclass(frozen=True)
class Point:
    """One value with its label. `extra` comes on top of it. `is_next`: still to come, projected."""

    label: str
    value: int
    extra: int = 0
    is_next: bool = False

    @property
    def total(self) -> int:
        return self.value + self.extra


@dataclass(frozen=True)
class Mark:
    """A rectangle of the drawing: a bar, or the place of a point on a line, which shows its value to the mouse."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True)
class Legend:
    """The words of the legend: what is drawn, what comes on top, and the limit."""

    name: str = "Used"
    extra: str = ""
    limit: str = ""


@dataclass(frozen=True)
class Series:
    """A chart ready to be drawn. Ticks and rules go from the bottom to the top."""

    kind: Kind
    points: tuple[Point, ...]
    legend: Legend
    ticks: tuple[str, ...]
    rules: tuple[float, ...]
    marks: tuple[Mark, ...]
    labels: tuple[str, ...]
    line: str
    next_line: str
    area: str
    limit_y: float | None

    @property
    def has_extra(self) -> bool:
        return bool(self.legend.extra)

    @property
    def has_next(self) -> bool:
        return any(point.is_next for point in self.points)

    @property
    def width(self) -> int:
        return WIDTH

    @property
    def height(self) -> int:
        return HEIGHT


def series(points: Sequence[Point], kind: Kind, legend: Legend, limit: int | None = None) -> Series:
    """The chart of these points; `limit` is drawn as a line across. Both kinds start at zero."""
    step, steps = axis(max([point.total for point in points] + [limit or 0, 1]))
    places = max(len(points), LEAST_BARS if kind == "bars" else 0)
    scale = Scale(places, step * steps)
    spots = [(scale.middle(place), scale.y(point.total)) for place, point in enumerate(points)]
    known = [spot for spot, point in zip(spots, points, strict=True) if not point.is_next]
    coming = [spot for spot, point in zip(spots, points, strict=True) if point.is_next]
    is_line = kind == "line" and bool(known)
    return Series(
        kind=kind,
        points=tuple(points),
        legend=legend,
        ticks=tuple(compact(step * place) for place in range(steps + 1)),
        rules=tuple(scale.y(step * place) for place in range(steps + 1)),
        marks=tuple(mark for place, point in enumerate(points) for mark in scale.marks(kind, place, point)),
        labels=tuple(labels(points, places)),
        line=path(known) if is_line else "",
        next_line=path([known[-1], *coming]) if is_line and coming else "",
        area=f"{path(known)}L{known[-1][0]} {HEIGHT}L{known[0][0]} {HEIGHT}Z" if is_line else "",
        limit_y=None if limit is None else scale.y(limit),
    )


def labels(points: Sequence[Point], places: int) -> list[str]:
    """One label for each place; most are empty, so that they do not touch each other."""
    every = max(1, -(-places // MOST_LABELS))
    shown = [point.label if place % every == 0 else "" for place, point in enumerate(points)]
    return shown + [""] * (places - len(points))


@dataclass(frozen=True)
class Scale:
    """So many places beside each other, up to the value `top`."""

    places: int
    top: int

    @property
    def wide(self) -> float:
        return WIDTH / max(self.places, 1)

    def y(self, value: int) -> float:
        return round(HEIGHT - HEIGHT * value / self.top, 1)

    def middle(self, place: int) -> float:
        return round((place + 0.5) * self.wide, 1)

    def marks(self, kind: Kind, place: int, point: Point) -> list[Mark]:
        title = f"{point.label}: {point.total:,}{' (projected)' if point.is_next else ''}"
        if kind == "line":
            return [Mark(round(place * self.wide, 1), 0, round(self.wide, 1), HEIGHT, "spot", title)]
        parts = ((0, point.value, ""), (point.value, point.total, " is-extra"))
        return [
            self.bar(place, low, high, "bar is-next" if point.is_next else f"bar{look}", title)
            for low, high, look in parts
            if high > low
        ]

    def bar(self, place: int, low: int, high: int, kind: str, title: str) -> Mark:
        left = round((place + BEFORE_BAR) * self.wide, 1)
        return Mark(left, self.y(high), round(self.wide * BAR, 1), round(self.y(low) - self.y(high), 1), kind, title)


def axis(highest: int) -> tuple[int, int]:
    """The step of an axis and the number of steps, 2 to 5: whole numbers that people count in."""
    steps = (divmod(part * 10**power, 10) for power in count() for part in STEPS)
    step = next(step for step, rest in steps if not rest and highest <= 5 * step)
    return step, max(2, -(-highest // step))


def compact(number: int) -> str:
    """12,500 as 12.5k: short enough for an axis."""
    for least, size, letter in SIZES:
        if number >= least:
            tenths = number * 10 // size
            return f"{tenths // 10:,}{f'.{tenths % 10}' if tenths % 10 else ''}{letter}"
    return f"{number:,}"


def path(spots: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in spots)


def spark(values: Sequence[int]) -> str:
    """The path of a line of 100 by 24 without an axis: its shape between its own lowest and highest value."""
    low, high = min(values), max(values)
    span = max(high - low, high / 50, 1)
    last = max(len(values) - 1, 1)
    return path(
        [(round(100 * place / last, 1), round(21 - 18 * (value - low) / span, 1)) for place, value in enumerate(values)]
    )


def init_app(app: Flask) -> None:
    app.add_template_global(spark)
