"""Results as DICOM objects: segmentation, structured report, PDF, pictures, key images."""
