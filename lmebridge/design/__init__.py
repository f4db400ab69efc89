"""A model on its data: R's model frame, model matrices and random-effects blocks, and the same for new rows."""
