"""What researchers really have, one layout a file: where its scans, labels and scores are."""
