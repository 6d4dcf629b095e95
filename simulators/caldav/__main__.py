"""`python -m simulators.caldav [--host H] [--port P] [--user demo] [--password demo]`

Serves one user with an empty calendar, `/demo/work/`, until interrupted.
The first line on standard output is `{"url": …}`.
"""

from argparse import ArgumentParser

from simulators.caldav.app import CalDavSimulator
from simulators.server import run


def main() -> None:
    parser = ArgumentParser(prog="python -m simulators.caldav", description="A CalDAV server in memory.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--user", default="demo")
    parser.add_argument("--password", default="demo")
    arguments = parser.parse_args()
    simulator = CalDavSimulator()
    simulator.add_user(arguments.user, arguments.password).add_calendar("work")
    run(simulator, host=arguments.host, port=arguments.port)


main()
