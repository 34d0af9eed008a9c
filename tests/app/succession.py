"""A county's places with codes, streets, signs and a batch, and lists of divisions that say that places went on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.base.models import CodeSystem, Division, DivisionCode, Role
from app.base.people import actor_of
from app.intake import steps, succeeding
from app.intake.editions import Origin, hand_in
from app.intake.listing import Listing, read_listing
from app.intake.models import Change, Edition
from app.models import metadata
from tests.app.builders import BuiltSign, build_batch, build_sign, build_street, insert
from tests.world import World

HEADER = "code,name,town_code,town_name,county_code,county_name"
CODES = {
    "市": "990100",
    "东县": "990102",
    "南镇": "990102100",
    "甲村": "990102100200",
    "乙村": "990102100201",
    "北镇": "990102101",
    "丙村": "990102101200",
    "西县": "990103",
    "中镇": "990103100",
    "丁村": "990103100200",
}
DAY = date(2024, 6, 30)
SOUTH, NORTH, WEST = "990102100,南镇,990102,东县", "990102101,北镇,990102,东县", "990103100,中镇,990103,西县"
KEEPS = [f"990102101200,丙村,{NORTH}", f"990103100200,丁村,{WEST}"]
MERGED = [f"990102100301,甲乙新村委会,{SOUTH}", *KEEPS]


@dataclass
class Scene:
    """A world whose divisions have codes, with streets, signs and a batch in 甲村 and 乙村."""

    world: World
    streets: dict[str, int]
    signs: dict[str, BuiltSign]
    batch: int

    def officer(self, role: Role = Role.CITY_OFFICER, place: str = "市") -> int:
        return self.world.person(role, place)

    def handed(self, session: Session, rows: list[str], place: str = "市", day: date = DAY) -> Edition:
        found = session.get_one(Division, self.world.places[place])
        origin = Origin(CodeSystem.STATISTICS, str(day.year), day, "list")
        return hand_in(
            session, self.world.clock, listing=listing("\n".join([HEADER, *rows])), origin=origin, place=found
        )[0]

    def confirm(self, session: Session, edition: Edition, *codes: str, into: str = "", by: int | None = None) -> int:
        found = changes(session, edition)
        return succeeding.confirm(
            session,
            self.world.clock,
            by=actor_of(session, by or self.officer()),
            edition=edition,
            changes=[found[code] for code in codes],
            into=into,
        )

    def standing(self) -> dict[str, list[str]]:
        """Every table's rows without their versions, but for the history and what counts transactions."""
        tables = [name for name in metadata().tables if not name.startswith(("history.", "map."))]
        with self.world.owner.connect() as connection:
            found = {
                name: connection.scalars(
                    text(f"SELECT (hstore(t) - 'version'::text)::text FROM {quoted(name)} t ORDER BY 1")
                ).all()
                for name in tables
            }
        return {name: list(rows) for name, rows in found.items()}


def quoted(name: str) -> str:
    return ".".join(f'"{part}"' for part in name.split("."))


def changes(session: Session, edition: Edition) -> dict[str, Change]:
    return {each.code: each for each in session.scalars(select(Change).where(Change.edition_id == edition.id))}


def bearers(session: Session, code: str) -> list[int]:
    """Who bears or bore a code of the statistics office, the first first."""
    found = select(DivisionCode.division_id).where(DivisionCode.code == code, DivisionCode.system == "statistics")
    return list(session.scalars(found.order_by(DivisionCode.valid_from_on, DivisionCode.id)))


def bearer(session: Session, code: str) -> Division:
    """Who bears a code of the statistics office now."""
    found = select(Division).join(DivisionCode, DivisionCode.division_id == Division.id)
    current = (DivisionCode.code == code, DivisionCode.system == "statistics", DivisionCode.valid_to_on.is_(None))
    return session.scalars(found.where(*current)).one()


def with_codes(world: World) -> dict[str, Any]:
    """What a scene begins with."""
    for place, code in CODES.items():
        insert(
            world,
            "base.division_code",
            division_id=world.places[place],
            system="statistics",
            edition="2020",
            code=code,
            valid_from_on=date(2020, 1, 1),
        )
    streets = {village: build_street(world, village) for village in ("甲村", "乙村")}
    signs = {village: build_sign(world, street) for village, street in streets.items()}
    return {"streets": streets, "signs": signs, "batch": build_batch(world, ["甲村", "乙村"])}


def listing(data: bytes | str, *, within: str | None = "", name: str = "list.csv") -> Listing:
    raw = data.encode() if isinstance(data, str) else data
    return read_listing(steps.open_bytes(raw, name=name).rows, within=within)
