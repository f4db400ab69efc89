"""Holding a translated script to its original: both are run, and every model and printed number is compared."""
