"""What a comparison of two arms supports, and no more: evidence in, verdict out."""
