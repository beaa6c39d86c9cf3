"""Contrast as WCAG 2 defines it, and colours adjusted until text is readable. Colours are `#rrggbb`."""

from functools import lru_cache

from billingportal.errors import Refusal

WHITE = "#ffffff"
BLACK = "#000000"
# The cards of the dark theme: the lightest surface with links there.
DARK_SURFACE = "#1f242e"
# Text needs 4.5:1. Links also lie on tints of the colour, which take away from that.
READABLE = 5.8
STEPS = 100


def colour_of(typed: str) -> str:
    """The colour as six lower-case digits: " #FC0 " is #ffcc00. Raises Refusal."""
    digits = typed.strip().removeprefix("#").lower()
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) != 6 or not set(digits) <= set("0123456789abcdef"):
        raise Refusal("colour", "Write the colour as # and six digits from 0 to 9 and a to f, for example #4256c9.")
    return f"#{digits}"


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours: from 1 (the same) to 21 (black on white)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    red, green, blue = (linear(channel / 255) for channel in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def darkened(colour: str) -> str:
    """The colour, or the nearest darker one on which white text can be read."""
    return moved(colour, BLACK, WHITE)


@lru_cache(maxsize=64)
def lightened(colour: str) -> str:
    """The colour, or the nearest lighter one that can be read on the dark theme's surfaces."""
    return moved(colour, WHITE, DARK_SURFACE)


def moved(colour: str, towards: str, against: str) -> str:
    """The first colour from `colour` to `towards` that is readable against `against`. `towards` itself always is."""
    way = (mixed(colour, towards, step) for step in range(STEPS + 1))
    return next(step for step in way if contrast(step, against) >= READABLE)


def mixed(colour: str, other: str, step: int) -> str:
    parts = zip(channels(colour), channels(other), strict=True)
    return "#" + "".join(f"{one + (another - one) * step // STEPS:02x}" for one, another in parts)
