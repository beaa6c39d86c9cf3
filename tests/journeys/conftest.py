"""A real browser in front of the real application, for each kind of database."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.support import browser as support
from tests.support.browser import DESK, Theme, Watch
from tests.support.people.newcomer import Running, set_up, started
from tests.support.server import serving
from tests.support.stripe.sandbox import Sandbox


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with support.launch() as browser:
        yield browser


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The stand-in for Stripe of journeys whose portal runs in this process."""
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def live_url(app: Flask) -> Iterator[str]:
    """The address at which the application answers."""
    with serving(app) as url:
        yield url


OpenPage = Callable[..., tuple[Page, Watch]]


@pytest.fixture
def open_page(browser: Browser, live_url: str) -> Iterator[OpenPage]:
    """Opens pages of fresh visitors: `width`, `theme` and `scripts` as in `watched_page`."""
    with ExitStack() as open_pages:

        def open_one(*, width: int = DESK, theme: Theme = "light", scripts: bool = True) -> tuple[Page, Watch]:
            visit = support.watched_page(browser, live_url, width=width, theme=theme, scripts=scripts)
            return open_pages.enter_context(visit)

        yield open_one


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """The page of one visitor at a desk."""
    return open_page()[0]


@pytest.fixture
def running(database_url: str, tmp_path: Path) -> Iterator[Running]:
    """A portal that was just started for the first time, together with its sandbox."""
    with started(database_url, tmp_path) as portal:
        yield portal


@pytest.fixture
def visit(browser: Browser, running: Running) -> Iterator[tuple[Page, Watch]]:
    """A newcomer who has set the portal up and is signed in."""
    with support.watched_page(browser, running.url) as (page, watch):
        set_up(page, running.setup_link)
        yield page, watch
