"""Pixels in, pixels out: decode, apply ops, encode."""
