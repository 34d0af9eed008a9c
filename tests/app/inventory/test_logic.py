"""What the inventory says without a database."""

from __future__ import annotations

import pytest

from app.inventory.logic import Near, runs, village_at


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


OWN, OTHER, FORMER = 1, 2, 3


@pytest.mark.parametrize(
    ("near", "village"),
    [
        ([], None),
        ([Near(OWN, False, 900, True)], OWN),
        ([Near(OTHER, False, 400, False), Near(OWN, False, 490, True)], OWN),
        ([Near(OTHER, False, 400, False), Near(OWN, False, 510, True)], OTHER),
        ([Near(OWN, False, 400, True), Near(FORMER, False, 490, True, former=True)], FORMER),
        ([Near(OWN, False, 400, True), Near(FORMER, False, 510, True, former=True)], OWN),
        ([Near(OTHER, True, 900, False), Near(OWN, False, 10, True)], OTHER),
        ([Near(OTHER, True, 10, False), Near(OWN, True, 900, True)], OWN),
    ],
)
def test_a_place_lies_in_the_village_whose_outline_holds_it_or_whose_point_is_clearly_nearest(
    near: list[Near], village: int | None
):
    found = village_at(near)
    assert (found.village if found else None) == village
