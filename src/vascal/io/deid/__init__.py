"""De-identification of DICOM: what a file says of its patient, in its header and in its pixels."""
