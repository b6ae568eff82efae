"""Source datasets, whatever they lie in: one value, `SourceDataset`, and one way to open it."""
