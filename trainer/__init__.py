"""Train and evaluate on any manifest, and say honestly whether the augmentation helped."""
