"""Station 2: the streets that ought to bear a name, and why."""
