"""Archives as sources: their images are read in place, and nothing is unpacked beside them."""
