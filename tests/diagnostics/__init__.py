"""Tests of lmebridge.diagnostics."""
