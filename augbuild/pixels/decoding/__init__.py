"""Parts of decoding: what a file is that cannot be decoded, pixels of any mode, headers."""
