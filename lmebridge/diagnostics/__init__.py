"""What a fit says about itself: residuals, leverages, influence, and the rank of its random effects."""
