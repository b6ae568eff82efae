"""What is kept of a picture to compare it with others, and how it may be turned."""
