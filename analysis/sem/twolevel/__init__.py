"""Two-level models: rows within clusters, a model of the differences within and one of the differences between."""
