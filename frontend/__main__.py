"""`python -m frontend`: put the pages' assets in place."""

import sys

from frontend.build import main

sys.exit(main())
