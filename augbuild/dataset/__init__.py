"""What lies on the disk after a build: manifest, dataset.json, state, card, chart."""
