"""A small chart of totals by quantity, as coordinates for an inline SVG."""

from dataclasses import dataclass

from billingportal.domain.offers.calculator import Curve
from billingportal.domain.prices.price_text import number
from billingportal.models import Resource
from billingportal.money import Money

WIDTH, HEIGHT = 300, 110


@dataclass(frozen=True)
class Chart:
    """Points in a box of WIDTH by HEIGHT, the origin on top. `words` are the text alternative."""

    resource_id: int
    title: str
    points: str
    mark: tuple[int, int]
    most: str
    highest: str
    words: str
    rows: tuple[tuple[str, Money], ...]


def chart(curve: Curve, resource: Resource, asked: int) -> Chart:
    """The curve of one resource, with a mark at the requested quantity."""
    by_number = dict(curve.points)
    ends = [curve.points[0], (asked, by_number[asked]), curve.points[-1]]
    currency = curve.points[0][1].currency
    said = ", ".join(f"{number(count)} {resource.unit}: {total}" for count, total in ends)
    return Chart(
        resource_id=resource.id,
        title=f"Total by number of {resource.unit}",
        points=" ".join(f"{x},{y}" for x, y in (place(curve, *point) for point in curve.points)),
        mark=place(curve, asked, by_number[asked]),
        most=number(curve.most),
        highest=str(Money(curve.highest, currency)),
        words=f"Total by number of {resource.unit}. {said}.",
        rows=tuple((number(count), total) for count, total in sample(curve)),
    )


def place(curve: Curve, count: int, total: Money) -> tuple[int, int]:
    highest = max(curve.highest, 1)
    return count * WIDTH // max(curve.most, 1), HEIGHT - total.minor * HEIGHT // highest


def sample(curve: Curve) -> list[tuple[int, Money]]:
    """A dozen of the points, for the table."""
    every = max(len(curve.points) // 12, 1)
    return list(curve.points[::every])
