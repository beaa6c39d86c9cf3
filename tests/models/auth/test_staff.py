import pytest

from billingportal.models.auth.staff import Staff, normal_email


@pytest.mark.parametrize(
    ("name", "initials"), [("Mara Lindqvist", "ML"), ("mara", "M"), ("Ana Maria de Souza", "AS"), ("  ", "")]
)
def test_initials_stand_for_first_and_last_name(name: str, initials: str) -> None:
    assert Staff(name=name).initials == initials


def test_addresses_are_compared_in_lower_case_without_blanks() -> None:
    assert normal_email(" Mara@Example.COM ") == "mara@example.com"
