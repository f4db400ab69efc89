"""Tests of other people's engines as the scoreboard reads them."""
