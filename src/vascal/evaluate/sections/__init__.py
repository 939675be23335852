"""One part of the report per file: from a cohort and a plan to tables, plots and sentences."""
