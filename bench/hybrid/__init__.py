"""Simulated plaques of known mass in a real chest: what the finder makes of them."""
