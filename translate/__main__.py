"""``python -m translate`` is ``translate-issue``."""

import sys

from translate.cli import main

sys.exit(main())
