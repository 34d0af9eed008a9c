"""Station 8: the public page behind a code. Runs as a role that reads nothing but published rows."""
