"""Datasets of Kaggle and of Hugging Face: downloaded once, then read as any folder."""
