"""`./bin/bench webhooks`: the one command for all measurements."""

import argparse

from benchmarks import webhooks


def main() -> None:
    parser = argparse.ArgumentParser(prog="./bin/bench", description="Measures the speed of the portal.")
    commands = parser.add_subparsers(required=True)
    webhooks.add_arguments(commands.add_parser("webhooks", help=webhooks.__doc__))
    webhooks.run(parser.parse_args())


if __name__ == "__main__":
    main()
