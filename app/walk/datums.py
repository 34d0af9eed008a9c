"""What is said of a walked file's datum: found against the outlines that the register knows, and never changed."""

from __future__ import annotations

from collections.abc import Iterator

import shapely

from app.base.db import operating
from app.base.settings import Settings
from app.intake.datums import outlines_known
from app.walk.ground import grounds
from gis import crs
from gis.datums import Outcome, find
from gis.datums.readings import in_degrees, zone_named
from gis.formats import Opened


def datum_lines(settings: Settings, opened: Opened, datum: str | None) -> Iterator[str]:
    """Lines to print before anything is taken in: nothing where the file lies at no known place.

    A walk has a territory of its own, so that only the outlines of the whole register can be compared with. The walk
    goes on as declared; a better datum is named with how to ask for it. Raises UnknownDatum for an unknown ``datum``.
    """
    said = datum or opened.stated
    declared = crs.datum_named(said) if said else None
    with operating(settings, via="minglu walk: datum") as session:
        known = outlines_known(session, but=grounds(session))
    if not known:
        return
    shapes, names = opened.shapes()
    finding = find(shapes, names, declared=declared, known=known)
    if finding.outcome in {Outcome.ELSEWHERE, Outcome.UNCOMPARED} or (
        finding.outcome is Outcome.UNDECIDED and declared is None  # all of China's zones are too many to name
    ):
        return
    yield f"1 intake     datum {finding.outcome.value}: {' '.join(map(str, finding.says))}"
    if finding.proposed:
        going_on = f"read as {finding.declared} for now" if finding.declared else "not read without it"
        yield f"             {going_on}; --datum {finding.proposed} reads it as proposed"


def example_for(opened: Opened) -> str:
    """A datum that numbers like the file's are often in, as an example of how to say it."""
    shapes, _ = opened.shapes()
    xy = shapely.get_coordinates(shapes)
    return "EPSG:4490" if in_degrees(xy) else zone_named(xy) or "EPSG:4548"
