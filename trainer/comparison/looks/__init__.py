"""How often test images were looked at, and what looking again costs."""
