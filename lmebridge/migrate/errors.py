"""Why a document cannot be migrated at all."""

from __future__ import annotations

from lmebridge.errors import LmebridgeError


class MigrationError(LmebridgeError, ValueError):
    """A document that holds no R, or that cannot be read; the message says what to give instead."""
