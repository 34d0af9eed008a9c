"""In which coordinate system a handed-in file really is, asked before anything of it is stored.

What the register knows of the division is what the file is laid on: outlines of divisions, segments and named points
that were surveyed. What the demonstration made up says nothing about real files and is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shapely import from_wkb
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base.errors import N_, Invalid
from app.base.models import Division
from app.base.shares import Share, silent
from app.intake.steps import home_of, open_bytes
from gis import crs
from gis.datums import Finding, Known, Outcome, Sentence, find
from gis.errors import GisError, UnknownDatum
from gis.features import Survey
from gis.formats import By, Opened

#: Segments that a file is compared with at most; a county has some tens of thousands.
_SEGMENTS = 20_000
#: Of a file that cannot be laid on anything.
NOWHERE = Sentence(N_("No row of the file has coordinates that can be read; each row says what is wrong with its own."))
_OUTLINES = text(
    "SELECT name, ST_AsBinary(outline) AS shape FROM base.division"
    " WHERE outline && ST_MakeEnvelope(:west, :south, :east, :north, 4490) AND until_on IS NULL"
    " AND geometry_source <> 'generated'"
)
_ALL_OUTLINES = text(
    "SELECT name, ST_AsBinary(outline) AS shape FROM base.division"
    " WHERE outline IS NOT NULL AND path <@ (:path)::ltree AND until_on IS NULL AND geometry_source <> 'generated'"
)
_EVERY_OUTLINE = text(
    "SELECT name, ST_AsBinary(outline) AS shape FROM base.division"
    " WHERE outline IS NOT NULL AND until_on IS NULL AND geometry_source <> 'generated'"
    " AND NOT subpath(path, 0, 1)::text = ANY(:but)"
)
_SEGMENTS_OF = text(
    "SELECT name, ST_AsBinary(line) AS shape FROM intake.segment"
    " WHERE territory <@ (:path)::ltree AND geometry_source <> 'generated' ORDER BY id LIMIT :most"
)
_POINTS = text(
    "SELECT name, ST_AsBinary(point) AS shape FROM base.division WHERE path <@ (:path)::ltree AND point IS NOT NULL"
    " AND until_on IS NULL AND geometry_source = 'survey'"
    " UNION ALL SELECT name, ST_AsBinary(point) FROM intake.facility WHERE territory <@ (:path)::ltree"
    " AND name <> '' AND geometry_source = 'survey'"
)


@dataclass(frozen=True, slots=True)
class Look:
    """A file that was opened, what its datum was found to be, and what it was laid on. ``datum`` as was said."""

    opened: Opened
    datum: str
    finding: Finding
    known: Known

    def survey(self, datum: str = "", *, tell: Share = silent) -> Survey:
        """The file read in ``datum``, else as it was said or as it states.

        Raises Invalid where neither is there, and where its rows make the reading stumble.
        """
        try:
            return self.opened.survey(datum or self.datum or None, tell=tell)
        except GisError as error:
            field = "datum" if isinstance(error, UnknownDatum) else "file"
            raise Invalid(error.message, field=field, **error.values) from error

    def likely(self) -> Survey:
        """The file read as it most likely is; raises as :meth:`survey`."""
        asks = self.finding.asks and self.finding.hypotheses
        return self.survey(self.finding.hypotheses[0].name if asks else "")

    def refusal(self) -> Invalid:
        """What was found, as a refusal."""
        found = self.finding.says[0]
        return Invalid(found.message, field="datum", **found.values)


def look(session: Session, data: bytes, *, name: str, datum: str, division: Division, by: By = None) -> Look:
    """Open a file and find its datum; ``datum`` is what the officer said, empty for what the file states.

    Raises Invalid as :func:`app.intake.steps.open_bytes` does, for ``columns`` where nobody said yet where a table's
    rows are, for an unknown datum, and where no reading puts the file in the division.
    """
    return find_datum(session, open_bytes(data, name=name, by=by), datum=datum, division=division)


def find_datum(session: Session, opened: Opened, *, datum: str, division: Division) -> Look:
    """As :func:`look`, for a file that is open."""
    try:
        opened.require_places()
    except GisError as error:
        raise Invalid(error.message, field="columns", **error.values) from error
    try:
        said = crs.datum_named(datum or opened.stated or "") if datum or opened.stated else None
    except UnknownDatum as error:
        raise Invalid(error.message, field="datum", **error.values) from error
    known = known_of(session, division)
    if opened.nowhere:
        declared = said.name if said else ""
        return Look(opened, datum, Finding(Outcome.UNCOMPARED, declared, "", (), None, (NOWHERE,)), known)
    shapes, names = opened.shapes()
    seen = Look(opened, datum, find(shapes, names, declared=said, known=known), known)
    if seen.finding.outcome is Outcome.ELSEWHERE:
        raise seen.refusal()
    return seen


def known_of(session: Session, division: Division) -> Known:
    """What the register knows at a division, to lay a file on."""
    home, below = home_of(session, division), {"path": division.path}
    if home is None:
        outlines = session.execute(_ALL_OUTLINES, below)
    else:
        outlines = session.execute(_OUTLINES, dict(zip(("west", "south", "east", "north"), home.box, strict=True)))
    segments = session.execute(_SEGMENTS_OF, {**below, "most": _SEGMENTS}).all()
    return Known(
        outlines=[(row.name, from_wkb(bytes(row.shape))) for row in outlines],
        streets=[from_wkb(bytes(row.shape)) for row in segments],
        called=[row.name for row in segments],
        points=[(row.name, from_wkb(bytes(row.shape))) for row in session.execute(_POINTS, below)],
        box=home.box if home is not None else None,
    )


def outlines_known(session: Session, *, but: Sequence[str] = ()) -> Known:
    """All outlines of the register that this session may see, for a file that belongs to no division of it.

    ``but`` are the paths of roots whose outlines are no register's.
    """
    found = session.execute(_EVERY_OUTLINE, {"but": list(but)})
    return Known(outlines=[(row.name, from_wkb(bytes(row.shape))) for row in found])
