"""Tests of generalized linear mixed models."""
