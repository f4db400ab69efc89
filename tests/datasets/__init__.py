"""Tests of `lmebridge.datasets.examples`."""
