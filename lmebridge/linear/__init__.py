"""The single-level linear model, R's ``lm``."""
