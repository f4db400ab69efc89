"""R expressions evaluated on a data frame with R's semantics."""
