"""Start the sandbox: `python -m billingportal.sandbox --port 12111 --state FILE`."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from billingportal.sandbox.http.server import Sandbox
from billingportal.sandbox.state.keys import MODES
from billingportal.sandbox.state.store import World, first_world, load, save

SAVE_SECONDS = 5.0


def main() -> int:
    """Serve until SIGINT or SIGTERM, then save the state. Returns the exit status."""
    arguments = read_arguments()
    path: Path | None = arguments.state
    try:
        world = load(path) if path is not None and path.exists() else first_world()
        sandbox = Sandbox(world, arguments.host, arguments.port, arguments.listening)
    except (OSError, ValueError) as failure:
        print(f"The sandbox cannot start: {failure}", file=sys.stderr)
        return 1
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    announce(sandbox, world)
    sandbox.start()
    keep(world, path, ended)
    sandbox.close()
    if path is not None:
        save(world, path)
    return 0


def keep(world: World, path: Path | None, ended: threading.Event) -> None:
    """Save the state every SAVE_SECONDS if requests were answered, until the end."""
    answered = 0
    while not ended.wait(SAVE_SECONDS):
        if path is not None and world.answered != answered:
            answered = world.answered
            save(world, path)


def read_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="billingportal.sandbox", description="A stand-in for Stripe")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--listening", type=int, help="a socket that listens already, by its number, instead of both")
    parser.add_argument("--state", type=Path, help="a file to keep everything in; without it, memory only")
    return parser.parse_args()


def announce(sandbox: Sandbox, world: World) -> None:
    """Print the sandbox's address and each account's secret keys."""
    print(f"Stripe sandbox at {sandbox.url}")
    for account in world.accounts.values():
        for mode in MODES:
            keys = [key for key in world.keys_of(account.id, mode) if (key.kind, key.status) == ("secret", "active")]
            if keys:
                print(f"{account.name} ({account.id}), {mode}: {keys[0].secret}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
