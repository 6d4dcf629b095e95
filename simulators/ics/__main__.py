"""`python -m simulators.ics [--host H] [--port P]`: feeds on a port; the first line printed is `{"url": …}`."""

import argparse

from simulators.ics.app import IcsSimulator
from simulators.server import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="simulators.ics", description="iCalendar feeds, with a control interface.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args()
    run(IcsSimulator().app, host=arguments.host, port=arguments.port)


if __name__ == "__main__":
    main()
