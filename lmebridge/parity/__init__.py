"""The referee: printed outputs, and fits of any backend, held against each other."""

from __future__ import annotations

from lmebridge.parity.agreement import Agreement, agreement
from lmebridge.parity.compare import compare
from lmebridge.parity.keys import Key
from lmebridge.parity.outputs import PrintedOutput, Unread
from lmebridge.parity.printed import Published, published
from lmebridge.parity.quantities import quantities
from lmebridge.parity.report import Report
from lmebridge.parity.verify import Verification, verify

__all__ = [
    "Agreement",
    "Key",
    "PrintedOutput",
    "Published",
    "Report",
    "Unread",
    "Verification",
    "agreement",
    "compare",
    "published",
    "quantities",
    "verify",
]
