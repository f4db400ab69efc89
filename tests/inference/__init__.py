"""Tests of the inference."""
