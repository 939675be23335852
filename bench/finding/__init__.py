"""Automatic finding on the fixed held-out simulated set, against the truth."""
