"""Phantoms with known truth. Everything made here is simulated and says so."""
