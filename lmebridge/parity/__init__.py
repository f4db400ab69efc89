"""The parity referee: any two fits, goldens and printed outputs compared."""
