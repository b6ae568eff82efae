"""Images to train on: read from any manifest, decoded once, seen in a repeatable order."""
