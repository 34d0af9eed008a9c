"""The shell's own pages: those that belong to no station."""
