"""What a folder or an archive has: its images by class, and all else with the reason."""
