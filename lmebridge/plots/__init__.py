"""Pictures of fitted models, drawn with matplotlib: the ones that lme4 and lattice draw, point for point.

matplotlib is an optional extra and is loaded when something is drawn. Every function takes the Axes to draw on, or
makes a figure of its own with pyplot, and returns the Axes. Nothing is shown, and matplotlib's settings are left alone.
"""
