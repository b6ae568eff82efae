"""Processes of ours: what workers and helpers need from the system, and from loky."""
