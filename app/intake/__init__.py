"""Station 1: divisions, roads and facilities come in, with a report on every row."""
