"""What the inventory says without a database."""

from __future__ import annotations

from app.base.errors import N_

#: A street has no beginning: of the eight winds four ways to run are left, clockwise from north.
WAYS = (N_("North–south"), N_("Northeast–southwest"), N_("East–west"), N_("Northwest–southeast"))


def runs(bearing_deg: float) -> str:
    """How a street runs, as a message, by its bearing of 0 ≤ deg < 180 from north: 90 is east–west."""
    return WAYS[round(bearing_deg / 45) % 4]
