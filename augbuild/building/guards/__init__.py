"""Guards of a build: who may build into a folder, what is refused unasked, is there room."""
