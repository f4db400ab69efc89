"""Tests of the pictures: what is drawn, and what is refused."""
