"""Generalized linear mixed models: fitted by R's lme4, held as `GlmerMod`."""
