"""`./bin/fuzz`: hostile requests to every route, as many as wanted, and a summary."""

import argparse
import logging
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.reporting import progress, summary, told
from tests.fuzz.running import Report, prepare, quick_and_alone
from tests.support.database import PostgresDatabases, SqliteDatabases

DATABASES = ("sqlite", "postgresql")


def main() -> int:
    """The exit status: 1 when something is wrong."""
    options = read_arguments()
    # So that the database server ends and the folders go, as with Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    logging.disable()
    names = DATABASES if options.database == "both" else (options.database,)
    with quick_and_alone():
        return max(run(name, options) for name in names)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./bin/fuzz", description="Sends hostile requests to every route.")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1, help="the same seed sends the same requests")
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--repeat", metavar="ROUND:REQUEST", help="send one round up to this request, and show it")
    return parser.parse_args()


def run(name: str, options: argparse.Namespace) -> int:
    with TemporaryDirectory(prefix="fuzz-") as folder, databases(name, Path(folder)) as made:
        prepared = prepare(made, Path(folder), options.seed)
        if options.repeat:
            number, _, request = options.repeat.partition(":")
            sys.stdout.write(told(*prepared.repeat(int(number), int(request))))
            return 0
        report, started = Report(), time.monotonic()
        prepared.rounds(options.requests, report, lambda so_far: progress(name, so_far, options.requests, started))
        sys.stdout.write(summary(name, options.seed, report, time.monotonic() - started))
        return 1 if report.faults else 0


@contextmanager
def databases(name: str, folder: Path) -> Iterator[SqliteDatabases | PostgresDatabases]:
    if name == "sqlite":
        yield SqliteDatabases.prepare(folder)
        return
    with PostgresDatabases.prepare() as made:
        yield made


if __name__ == "__main__":
    sys.exit(main())
