"""`./bin/bench api`, `metering`, `webhooks`, `pages` and `slow`: the one command for all measurements."""

import argparse

from benchmarks import api, metering, pages, slow, webhooks


def main() -> None:
    parser = argparse.ArgumentParser(prog="./bin/bench", description="Measures the speed of the portal.")
    commands = parser.add_subparsers(required=True)
    modules = {"api": api, "metering": metering, "webhooks": webhooks, "pages": pages, "slow": slow}
    for name, module in modules.items():
        command = commands.add_parser(name, help=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
