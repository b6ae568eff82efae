"""A first recipe for a source: look at it, and draft what fits."""
