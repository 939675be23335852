"""Statistics of a validation or a reader study: arrays in, numbers out."""
