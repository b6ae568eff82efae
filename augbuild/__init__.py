"""Offline augmented image datasets from a declarative recipe."""
