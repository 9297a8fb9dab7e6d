"""Which views suit a set, measured from its images alone, without labels."""
