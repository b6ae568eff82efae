"""Tables of images with labels: read in any usual shape, as one kind of source."""
