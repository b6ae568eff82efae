"""A built tree checked: verified against its manifest, and images made again from their rows."""
