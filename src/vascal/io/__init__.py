"""File formats: the only place that knows DICOM, NIfTI, JSON or CSV."""
