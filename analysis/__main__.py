"""``python -m analysis`` is the command ``smartcity``."""

import sys

from analysis.cli import main

sys.exit(main())
