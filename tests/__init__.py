"""Tests of lmebridge; their tree mirrors the package."""
