"""Simulated chest CT with plaques of known mass."""
