"""Readers of annotations, one module a format; each returns `Annotations`."""
