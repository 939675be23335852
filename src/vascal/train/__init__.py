"""Training of the learned finders: the only place for torch."""
