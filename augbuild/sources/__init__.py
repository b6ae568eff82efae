"""Source datasets of every kind, behind one function."""
