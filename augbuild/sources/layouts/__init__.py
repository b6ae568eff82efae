"""How a source is laid out: which of its folders are splits, and which are classes."""
