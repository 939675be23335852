"""Coronary calcium: what counts, how it groups into lesions, and how it is scored."""
