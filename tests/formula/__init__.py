"""Tests of `lmebridge.formula.model_formula`."""
