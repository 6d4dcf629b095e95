"""`python -m tests.browser`: make sure that there is a browser to test in."""

import sys

from tests.browser.chromium import NoChromium, install

try:
    install()
except NoChromium as error:
    sys.exit(str(error))
