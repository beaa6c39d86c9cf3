"""Ports that are kept from the moment they are found."""

from billingportal.runtime.ports import free_port, listen_near


def test_two_who_want_the_same_port_at_once_get_two() -> None:
    wanted = free_port(0)
    with listen_near(wanted) as first, listen_near(wanted) as second:
        assert first.getsockname()[1] == wanted
        assert second.getsockname()[1] != wanted
