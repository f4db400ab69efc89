"""Tests of `lmebridge.pls.solution`."""
