"""The penalized least-squares core: lme4's criterion as a function of theta, its minimum, and what follows from it."""
