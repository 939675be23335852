"""Models that combine calcium with clinical variables, fitted to a cohort and applied to patients."""
