"""Tests of `lmebridge.design.build`."""
