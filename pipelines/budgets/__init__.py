"""Budgets, vouchers, commitments: what is left, when it ends, how likely it is not to hold. Pure functions."""
