"""What a build will make, without touching a pixel: splits, names, numbers, drawn ops."""
