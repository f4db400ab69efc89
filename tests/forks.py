"""A forked child."""

from __future__ import annotations

import os
import warnings


def fork() -> int:
    """`os.fork` without a word on threads: Python 3.12 warns of them, and JAX, which other tests may have loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return os.fork()
