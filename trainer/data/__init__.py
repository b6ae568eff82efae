"""Images to train on: any manifest, table or folder; pixels decoded once; the order they are seen in."""
