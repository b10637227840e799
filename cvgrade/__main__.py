"""`python -m cvgrade`."""

import sys

from cvgrade.cli import main

sys.exit(main())
