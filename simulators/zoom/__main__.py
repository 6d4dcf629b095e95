"""`python -m simulators.zoom [--host H] [--port P] [--client-id …] [--client-secret …] [--redirect-uri …]`

Serves one user, demo@example.com, with a week of meetings, to one app, until interrupted. The first line on standard
output is `{"url": …}`; `GET {url}/_control/settings` says where a client finds what.
"""

import argparse
from datetime import UTC, datetime

from simulators.server import run
from simulators.zoom.samples import demo


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulators.zoom", description="Zoom, in memory.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--client-id", default="simulated-client")
    parser.add_argument("--client-secret", default="simulated-secret")
    parser.add_argument("--redirect-uri", action="append", default=[], help="without any, every address will do")
    arguments = parser.parse_args()
    simulator = demo(datetime.now(UTC).date())
    simulator.add_app(arguments.client_id, arguments.client_secret, *arguments.redirect_uri)
    run(simulator, host=arguments.host, port=arguments.port)


if __name__ == "__main__":
    main()
