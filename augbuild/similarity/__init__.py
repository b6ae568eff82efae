"""Which pictures are the same, though their bytes are not."""
