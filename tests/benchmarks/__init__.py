"""Figures: each runs the peer and ours side by side and prints one JSON line. ``make bench FIGURE=name`` for one."""
