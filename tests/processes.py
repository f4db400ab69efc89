"""Programs of the tests in processes of their own, each with a time within which it must end."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

#: Seconds after which a program that does not end is killed: what takes two alone takes twenty on a busy machine.
PATIENCE = 120


def run_python(program: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run Python code, which must end well; `options` are those of `subprocess.run`."""
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE, **options)
