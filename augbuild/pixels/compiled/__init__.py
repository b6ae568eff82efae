"""Transforms that numba compiles, an optional extra: the same pixels in less time.

Tests compare each with the function that it stands for.
"""
