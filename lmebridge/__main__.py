"""``python -m lmebridge`` is the command ``lmebridge``."""

from __future__ import annotations

import sys

from lmebridge.cli import main

sys.exit(main())
