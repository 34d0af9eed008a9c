"""What the inventory says without a database."""

from __future__ import annotations

import pytest

from app.inventory.logic import runs


@pytest.mark.parametrize(
    ("bearing_deg", "said"),
    [
        (0, "North–south"),
        (90, "East–west"),
        (45, "Northeast–southwest"),
        (135, "Northwest–southeast"),
        (179.9, "North–south"),
    ],
)
def test_a_street_runs_between_two_winds(bearing_deg: float, said: str):
    assert runs(bearing_deg) == said
