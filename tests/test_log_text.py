import sys

import pytest

from billingportal.log_text import SecretPaths, escaped, lines_of, shown_path, without_secrets

PATHS = SecretPaths(("/portal/billing-link/", "/setup/", "/of/*/secret/"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key sk_live_51ABCdef0123456789wxyz!", "key sk_live_...wxyz!"),
        ("rk_test_51ABCdef0123456789wxyz", "rk_test_...wxyz"),
        ("whsec_0123456789abcdef-_", "whsec_..."),
        ("GET /saas/payment-processor 200", "GET /saas/payment-processor 200"),
        ("pk_test_51ABC is public", "pk_test_51ABC is public"),
    ],
)
def test_keys_are_taken_out(text: str, expected: str) -> None:
    assert without_secrets(text) == expected
    assert PATHS.hide(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Exception on /setup/abc-DEF_1.2 [GET]", "Exception on /setup/… [GET]"),
        ('"GET /setup/abc HTTP/1.1" 200', '"GET /setup/… HTTP/1.1" 200'),
        ("'https://a.example/portal/billing-link/abc'", "'https://a.example/portal/billing-link/…'"),
        ("/sign-in then next=%2Fsetup%2Fabc&x", "/sign-in then next=%2Fsetup%2F…&x"),
        ("next=%252Fsetup%252fabc", "next=%252Fsetup%252f…"),
        ("GET //setup///abc", "GET //setup///…"),
        ("GET /%73etup/abc and /SETUP/abc", "GET /%73etup/… and /SETUP/…"),
        ("/of/12/secret/abc/more", "/of/12/secret/…"),
        ("/setup/<secret:token> and /setup/", "/setup/<secret:token> and /setup/"),
        ("/portal/checkout?session_id=cs_1&a=b HTTP/1.1", "/portal/checkout?… HTTP/1.1"),
        ("Is it so? Yes, a/b?", "Is it so? Yes, a/b?"),
    ],
)
def test_secret_addresses_and_query_strings_are_taken_out(text: str, expected: str) -> None:
    assert PATHS.hide(text) == expected


def test_nothing_of_a_path_is_shown_behind_its_secret() -> None:
    assert PATHS.cut("/setup/abc def/\n'x") == "/setup/…"
    assert PATHS.cut("/saas/clients/7") == "/saas/clients/7"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain Grün 漢", "plain Grün 漢"),
        ("a\r\nb\tc\x00", r"a\r\nb\tc\x00"),
        ("\x1b[31mred\x9b31m", r"\x1b[31mred\x9b31m"),
        ("a\u2028b\u2029c\x85d\u202ee\ufefff", r"a\u2028b\u2029c\x85d\u202ee\ufefff"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_cannot_be_printed_is_shown_by_its_number(text: str, expected: str) -> None:
    assert escaped(text) == expected


def test_a_path_is_the_text_that_its_bytes_are() -> None:
    assert shown_path("/Gr\xc3\xbcn") == "/Grün"
    assert shown_path("/\xff\xfe") == r"/\xff\xfe"


def failure() -> Exception:
    try:
        try:
            raise KeyError("inner\nFORGED")
        except KeyError as inner:
            raise ValueError("outer\nFORGED \x1b[2J") from inner
    except ValueError as error:
        error.add_note("note\u2028FORGED")
        return error


def test_a_traceback_has_only_lines_of_ours() -> None:
    lines = list(lines_of(failure()))
    assert lines[0] == "Traceback (most recent call last):"
    assert r"ValueError: outer\nFORGED \x1b[2J" in lines
    assert r"note\u2028FORGED" in lines
    assert not [line for line in lines if line.startswith("FORGED") or not line.isprintable()]
    assert sum(line.startswith("Traceback") for line in lines) == 2


def test_a_group_of_exceptions_is_told_whole() -> None:
    try:
        raise ExceptionGroup("both", [ValueError("one"), TypeError("two")])
    except ExceptionGroup:
        error = sys.exc_info()[1]
    assert error is not None
    assert {"ValueError: one", "TypeError: two"} <= set(lines_of(error))


@pytest.mark.parametrize("text", ["/" * 9000, "/setup" * 1500, "%2525" * 1800, "/?" * 4500, "sk_test_" * 1100])
@pytest.mark.timeout(20)
def test_hostile_texts_take_no_longer_than_others(text: str) -> None:
    for _ in range(50):
        escaped(PATHS.cut(PATHS.hide(text)))
