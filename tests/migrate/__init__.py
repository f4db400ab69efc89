"""Tests of the migrator."""
