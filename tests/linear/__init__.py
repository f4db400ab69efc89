"""Tests of `lmebridge.linear.linear_model`."""
