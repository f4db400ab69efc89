"""lme4's mixed-effects models from Python, with lme4's numbers."""
