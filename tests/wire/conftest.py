"""One portal that sells, for all tests of a file; each serves it in its own way."""

from collections.abc import Iterator

import pytest

from tests.support.database import SqliteDatabases
from tests.support.served import Business, open_business
from tests.support.stripe.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture(scope="module")
def business(
    sandbox: Sandbox, sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Business]:
    folder = tmp_path_factory.mktemp("wire")
    with sqlite_databases.fresh(folder) as url:
        yield open_business(url, folder, sandbox)
