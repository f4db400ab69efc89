"""Tests of `lmebridge.printing`."""
