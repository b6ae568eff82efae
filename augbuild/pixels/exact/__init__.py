"""AugLy's transforms with its pixels, bit for bit, in less time and memory, and without its import.

Tests compare each with AugLy's own function.
"""
