"""What it means to close a month: the manifest, when it may be closed, and what differs later. Pure functions."""
