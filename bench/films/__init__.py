"""AAC-24 on simulated films that no training has seen."""
