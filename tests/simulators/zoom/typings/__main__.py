"""`python -m tests.simulators.zoom.typings`: make sure that Zoom's typings are there."""

import sys

from tests.simulators.zoom.typings.compiler import NoTypings, install

try:
    install()
except NoTypings as error:
    sys.exit(str(error))
