"""Texts that Hypothesis makes up."""

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st


def drawn_texts(number: int, count: int = 300) -> list[str]:
    """Texts, numbers and dates that Hypothesis makes up, the same for the same number."""
    found: list[str] = []
    anything = st.one_of(
        st.text(st.characters(), max_size=60),
        st.integers().map(str),
        st.floats().map(str),
        st.decimals().map(str),
        st.dates().map(str),
        st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
        st.emails(),
        st.from_regex(r"[0-9]{1,12}[.,][0-9]{1,12}", fullmatch=True),
    )

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(anything)
    def draw(text: str) -> None:
        found.append(text)

    draw()
    return found
