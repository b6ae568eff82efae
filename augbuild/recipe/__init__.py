"""Recipes: what a TOML file may say, and the value that it becomes."""
