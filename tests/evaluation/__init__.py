"""Tests of `lmebridge.evaluation.evaluator`."""
