"""Any colour can be chosen; what is shown can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingportal.domain.branding.contrast import BLACK, DARK_SURFACE, WHITE, colour_of, contrast, darkened, lightened
from billingportal.errors import Refusal

colours = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


def test_contrast_is_what_wcag_says() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.005)
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.005)
    assert contrast(WHITE, WHITE) == 1


@given(colours)
def test_white_text_can_be_read_on_every_darkened_colour(colour: str) -> None:
    assert contrast(darkened(colour), WHITE) >= 4.5


@given(colours)
def test_every_lightened_colour_can_be_read_on_dark_cards(colour: str) -> None:
    assert contrast(lightened(colour), DARK_SURFACE) >= 4.5


@given(colours)
def test_what_can_be_read_already_stays_as_it_is(colour: str) -> None:
    assert darkened(darkened(colour)) == darkened(colour)
    assert (darkened(colour) == colour) == (contrast(colour, WHITE) >= 5.8)


@pytest.mark.parametrize(
    ("typed", "colour"), [("#3956C1", "#3956c1"), (" 3956c1 ", "#3956c1"), ("#fc0", "#ffcc00"), ("FFF", "#ffffff")]
)
def test_colours_are_taken_as_people_paste_them(typed: str, colour: str) -> None:
    assert colour_of(typed) == colour


@pytest.mark.parametrize("typed", ["", "#", "blue", "#12345", "#1234567", "#3956c1; }", "#٣٣٣", "rgb(1,2,3)"])
def test_what_is_no_colour_is_refused(typed: str) -> None:
    with pytest.raises(Refusal, match="six digits") as refused:
        colour_of(typed)
    assert refused.value.field == "colour"
