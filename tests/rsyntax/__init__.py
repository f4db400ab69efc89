"""Tests of reading and printing R."""
