"""What every stage stands on: files, text, workers, signals, progress. No policy."""
