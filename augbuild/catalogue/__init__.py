"""The transforms that a recipe can name, and the assets that they use."""
