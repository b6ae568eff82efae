"""Building: find what has to be done, do it on all processors, write the manifest last."""
