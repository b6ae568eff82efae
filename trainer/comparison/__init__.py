"""A comparison: designed, guarded, trained, judged, and kept in comparison.json."""
