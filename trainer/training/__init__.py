"""One run: configured, trained, evaluated, recorded."""
