"""The backends: each fits a model its own way and answers through one contract."""
