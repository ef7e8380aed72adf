"""What an action really saved: the later bill against what it would have been, with an interval."""
