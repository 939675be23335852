"""What a score means for a patient: published formulas, one file each, every coefficient with its source."""
