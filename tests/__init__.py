"""Tests of lmebridge; their tree mirrors the package. This is imported before numpy."""

import os

# Each worker of a parallel run has a core of its own: threads of two would wait for each other (145 s became 103 s).
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
