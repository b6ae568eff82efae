"""What a dataset says about itself: counts, findings, credits, and the card that has them all."""
