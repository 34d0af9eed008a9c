"""Station 9: progress against the target, counted from dated rows and never stored."""
