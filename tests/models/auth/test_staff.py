import pytest

from billingportal.models.auth.staff import Staff


@pytest.mark.parametrize(
    ("name", "initials"), [("Mara Lindqvist", "ML"), ("mara", "M"), ("Ana Maria de Souza", "AS"), ("  ", "")]
)
def test_initials_stand_for_first_and_last_name(name: str, initials: str) -> None:
    assert Staff(name=name).initials == initials
