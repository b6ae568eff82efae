"""The report of a finished comparison."""
