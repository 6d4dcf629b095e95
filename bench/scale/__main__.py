"""`python -m bench.scale simulate | workers | proof`, each with `--help`. Exit status 1 where a claim does not hold."""

import argparse
import signal
import sys

from bench.scale import proof, simulate, workers


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (simulate, workers, proof):
        command = commands.add_parser(module.__name__.rpartition(".")[2], description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(main=module.main)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever is told to end ends its processes first
    return int(options.main(options))


if __name__ == "__main__":
    sys.exit(main())
