"""What happens to signs and posts before they are ordered: planned, moved, coloured, dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from geoalchemy2.shape import from_shape, to_shape
from shapely import Point
from shapely.ops import nearest_points
from sqlalchemy import func, insert, update

from app.base.errors import N_, Conflict, Invalid, NotAllowed
from app.base.people import may, reaches
from app.base.tables import SRID
from app.inventory.models import Street
from app.planning.logic import AROUND_M, StandingPost, facing_from, kind_of, shared_posts
from app.planning.models import Post, Sign, SignState
from app.planning.queries import StreetToSign, Surroundings, count_nameless, places_of, posts_at, surroundings
from gis.crs import ELLIPSOID
from signs import placement

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.base.clock import Clock
    from app.base.models import Division
    from app.milestones.models import Batch
    from signs.designs import Ground


#: No sign of a street stands farther from it (estimate: across a wide verge, or at a village's entrance).
FARTHEST_M = 300


@dataclass(frozen=True, slots=True)
class Planned:
    """What one planning left behind: new signs, new posts, and how many streets in scope had no decided name in force.

    ``unplaced`` are spots where no free ground lies near the junction; a person decides about them.
    """

    signs: int
    posts: int
    skipped: int
    unplaced: tuple[placement.Unplaced, ...] = ()


def plan(session: Session, clock: Clock, *, batch: Batch | None, division: Division) -> Planned:
    """Streets in scope with a decided name and without signs → signs at start, end, crossings and far gaps.

    Of the batch's villages within ``division``, or of all of ``division``. A name that was only kept as it was found
    has no decision, so its street gets no sign. By officers of the territory; raises NotAllowed elsewhere. Streets that
    have signs already (dropped ones too) are left alone, so a second call plans nothing new; a post that stands at a
    corner is used again.
    """
    if not reaches(session, division.id, subject="planning.sign", act="create"):
        raise NotAllowed(N_("You may not plan signs in {place}."), place=division.name)
    places = places_of(session, batch=batch, division=division)
    around = surroundings(session, clock, places=places, around_m=AROUND_M)
    made = placement.place_signs(around.lines)
    known = posts_at(session, streets=[int(line.key) for line in around.lines])
    shared = shared_posts(made.posts, known)
    fresh = [post for post, old in zip(made.posts, shared, strict=True) if old is None]
    new = iter(_put_posts(session, clock, posts=fresh, streets=around.streets))
    rows = []
    for post, old in zip(made.posts, shared, strict=True):
        carrier = next(new) if old is None else old.id
        plates = post.plates if old is None else _hung_on(old, post.plates, around)
        rows += [_row(clock, plate, carrier, around.streets[plate.street]) for plate in plates]
    if rows:
        session.execute(insert(Sign), rows)
    return Planned(len(rows), len(fresh), count_nameless(session, clock, places=places), made.unplaced)


def _put_posts(
    session: Session, clock: Clock, *, posts: Sequence[placement.Post], streets: dict[str, StreetToSign]
) -> Sequence[int]:
    if not posts:
        return []
    rows = [
        {
            "point": from_shape(Point(post.x, post.y), srid=SRID),
            "division_id": streets[post.plates[0].street].division_id,
            "planned_on": clock.today(),
        }
        for post in posts
    ]
    return session.scalars(insert(Post).returning(Post.id, sort_by_parameter_order=True), rows).all()


def _hung_on(post: StandingPost, plates: Sequence[placement.Plate], around: Surroundings) -> list[placement.Plate]:
    lines = {line.key: line.line for line in around.lines}
    return [replace(plate, facing_deg=facing_from(post, lines[plate.street], plate)) for plate in plates]


def _row(clock: Clock, plate: placement.Plate, post_id: int, street: StreetToSign) -> dict[str, Any]:
    return {
        "post_id": post_id,
        "street_id": street.id,
        "name_id": street.name_id,
        "division_id": street.division_id,
        "kind": kind_of(street.generic),
        "reason": plate.reason.value,
        "facing_deg": plate.facing_deg,
        "along_deg": plate.along_deg,
        "goes_on": plate.goes_on,
        "goes_back": plate.goes_back,
        "planned_on": clock.today(),
    }


def move_sign(session: Session, clock: Clock, *, sign: Sign, lon: float, lat: float, facing_deg: float) -> Sign:
    """Planned → planned, on a post of its own at lon, lat (CGCS2000), looking to ``facing_deg``.

    By officers of the territory. Refuses a sign that is ordered or stands (Conflict), places and bearings that
    cannot be (Invalid). Other plates of the old post stay where they are.
    """
    _still_planned(session, sign)
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):  # noqa: PLR2004 - degrees
        raise Invalid(N_("{lon}, {lat} is no place on earth."), field="lon", lon=lon, lat=lat)
    if not 0 <= facing_deg < 360:  # noqa: PLR2004 - degrees
        raise Invalid(N_("A bearing lies between 0 and 360 degrees."), field="facing_deg")
    place = from_shape(Point(lon, lat), srid=SRID)
    street = session.get_one(Street, sign.street_id)
    near, _ = nearest_points(to_shape(street.line), Point(lon, lat))
    far_m = float(ELLIPSOID.inv(near.x, near.y, lon, lat)[2])
    if far_m > FARTHEST_M:
        raise Invalid(
            N_("That is {far_m} m from the street; a sign stands within {most_m} m of it."),
            field="lon",
            far_m=round(far_m),
            most_m=FARTHEST_M,
        )
    post = Post(point=place, division_id=sign.division_id, planned_on=clock.today())
    session.add(post)
    session.flush()
    sign.post_id, sign.facing_deg = post.id, facing_deg
    session.flush()
    return sign


def colour_sign(session: Session, *, sign: Sign, ground: Ground | None) -> Sign:
    """Planned → planned, with its colour (and the words that go with it) set by hand, or by bearing for None.

    By officers of the territory, for diagonal and bent streets. Refuses a sign that is ordered or stands (Conflict).
    """
    _still_planned(session, sign)
    sign.ground = None if ground is None else ground.value
    session.flush()
    return sign


def drop_sign(session: Session, clock: Clock, *, sign: Sign) -> Sign:
    """Planned → removed; the row stays, so that past days' figures can be told again.

    By officers of the territory. Refuses a sign that is ordered or stands (Conflict).
    """
    _still_planned(session, sign)
    sign.state, sign.removed_on = SignState.REMOVED.value, clock.today()
    session.flush()
    return sign


def mark_ordered(session: Session, *, signs: Sequence[int]) -> None:
    """Planned → ordered, many at once; called by the printing. Refuses when one is not planned any more (Conflict)."""
    moved = session.execute(
        update(Sign)
        .where(Sign.id == func.any(list(signs)), Sign.state == SignState.PLANNED.value)
        .values(state=SignState.ORDERED.value)
        .returning(Sign.id),
        execution_options={"synchronize_session": False},
    ).all()
    if len(moved) != len(signs):
        raise Conflict(N_("Some of these signs are not planned any more. Load the list again."))


def _still_planned(session: Session, sign: Sign) -> None:
    if not may(session, "planning.sign", "change"):
        raise NotAllowed(N_("Only officers of the territory may change planned signs."))
    if sign.state != SignState.PLANNED.value:
        raise Conflict(N_("The sign is {state}, not planned any more; it stays as it is."), state=sign.state)
