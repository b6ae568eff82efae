"""Figures: values in, a PNG file out."""
